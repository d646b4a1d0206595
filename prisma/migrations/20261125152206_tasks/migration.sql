-- AlterTable
ALTER TABLE "base_models" ADD COLUMN     "pool" TEXT,
ADD COLUMN     "tasks" TEXT[] DEFAULT ARRAY[]::TEXT[],
ALTER COLUMN "mask_input" DROP NOT NULL;

-- AlterTable
ALTER TABLE "evaluations" ADD COLUMN     "per_class" JSONB;

-- Until now every model that was ready had been inspected for a head.
UPDATE "base_models" SET "tasks" = ARRAY['classification'] WHERE "state" = 'ready';
