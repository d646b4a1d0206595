-- AlterTable
ALTER TABLE "assignments" ADD COLUMN     "aside" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "runs" ADD COLUMN     "canary" JSONB,
ADD COLUMN     "group_followed" BOOLEAN NOT NULL DEFAULT true,
ADD COLUMN     "group_id" TEXT,
ADD COLUMN     "request" JSONB,
ADD COLUMN     "start_after" INTEGER,
ADD COLUMN     "start_at" TIMESTAMPTZ(3),
ADD COLUMN     "start_when_free" BOOLEAN NOT NULL DEFAULT false;

-- AddForeignKey
ALTER TABLE "runs" ADD CONSTRAINT "runs_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "device_groups"("id") ON DELETE SET NULL ON UPDATE CASCADE;
