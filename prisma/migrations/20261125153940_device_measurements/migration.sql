-- AlterTable
ALTER TABLE "devices" ADD COLUMN     "forward_ms" DOUBLE PRECISION,
ADD COLUMN     "memory_megabytes" DOUBLE PRECISION,
ADD COLUMN     "peak_megabytes" DOUBLE PRECISION,
ADD COLUMN     "threads" INTEGER;
