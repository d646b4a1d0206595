-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "evaluating" INTEGER;
