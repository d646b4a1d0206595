-- AlterTable
ALTER TABLE "devices" ADD COLUMN     "cloned_at" TIMESTAMPTZ(3),
ADD COLUMN     "dataset_names" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "dataset_tasks" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "datasets" JSONB,
ADD COLUMN     "instance" TEXT,
ADD COLUMN     "key_generation" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN     "key_since" TIMESTAMPTZ(3),
ADD COLUMN     "last_error" JSONB,
ADD COLUMN     "policy" JSONB,
ADD COLUMN     "stated_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "enrolment_tokens" ADD COLUMN     "returning" TEXT;

-- CreateTable
CREATE TABLE "former_keys" (
    "public_key" BYTEA NOT NULL,
    "device_id" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "cause" TEXT NOT NULL,

    CONSTRAINT "former_keys_pkey" PRIMARY KEY ("public_key")
);

-- CreateTable
CREATE TABLE "device_connections" (
    "id" TEXT NOT NULL,
    "device_id" TEXT NOT NULL,
    "instance" TEXT,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_connections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "device_checks" (
    "device_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "result" JSONB NOT NULL,

    CONSTRAINT "device_checks_pkey" PRIMARY KEY ("device_id","kind")
);

-- CreateIndex
CREATE INDEX "former_keys_device_id_idx" ON "former_keys"("device_id");

-- CreateIndex
CREATE INDEX "device_connections_device_id_opened_at_idx" ON "device_connections"("device_id", "opened_at");

-- CreateIndex
CREATE INDEX "device_connections_opened_at_idx" ON "device_connections"("opened_at");

-- CreateIndex
CREATE INDEX "devices_dataset_names_idx" ON "devices" USING GIN ("dataset_names");

-- CreateIndex
CREATE INDEX "devices_dataset_tasks_idx" ON "devices" USING GIN ("dataset_tasks");

-- AddForeignKey
ALTER TABLE "former_keys" ADD CONSTRAINT "former_keys_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "devices"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_connections" ADD CONSTRAINT "device_connections_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "devices"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "device_checks" ADD CONSTRAINT "device_checks_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "devices"("id") ON DELETE CASCADE ON UPDATE CASCADE;
