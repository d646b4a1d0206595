-- CreateTable
CREATE TABLE "operators" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "operators_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" TEXT NOT NULL,
    "operator_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "sequence" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "previous_hash" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("sequence")
);

-- CreateTable
CREATE TABLE "enrolment_tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "uses_max" INTEGER NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,
    "approval" BOOLEAN NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "enrolment_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "devices" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" BYTEA NOT NULL,
    "state" TEXT NOT NULL,
    "enrolment_token_id" TEXT,
    "worker_version" TEXT,
    "platform" TEXT,
    "enrolled_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3),

    CONSTRAINT "devices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "base_models" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "output" TEXT NOT NULL,
    "ids_input" TEXT NOT NULL,
    "mask_input" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "sites" JSONB NOT NULL,
    "output_width" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "base_models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_files" (
    "model_id" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "sha256" BYTEA NOT NULL,
    "bytes" BIGINT NOT NULL,
    "done" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "model_files_pkey" PRIMARY KEY ("model_id","path")
);

-- CreateTable
CREATE TABLE "runs" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cause" TEXT,
    "model_id" TEXT NOT NULL,
    "manifest" BYTEA NOT NULL,
    "manifest_hash" BYTEA NOT NULL,
    "manifest_signature" BYTEA NOT NULL,
    "every_device" BOOLEAN NOT NULL,
    "round" INTEGER NOT NULL DEFAULT 0,
    "fencing_token" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "assignments" (
    "run_id" INTEGER NOT NULL,
    "device_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "cause" TEXT,
    "round" INTEGER NOT NULL DEFAULT 0,
    "train_examples" INTEGER,
    "held_out_examples" INTEGER,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "assignments_pkey" PRIMARY KEY ("run_id","device_id")
);

-- CreateTable
CREATE TABLE "rounds" (
    "run_id" INTEGER NOT NULL,
    "round" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "cause" TEXT,
    "cohort" JSONB NOT NULL,
    "accepted" INTEGER NOT NULL DEFAULT 0,
    "opened_at" TIMESTAMPTZ(3) NOT NULL,
    "deadline_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "rounds_pkey" PRIMARY KEY ("run_id","round","attempt")
);

-- CreateTable
CREATE TABLE "reports" (
    "run_id" INTEGER NOT NULL,
    "round" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "device_id" TEXT NOT NULL,
    "group" INTEGER NOT NULL,
    "examples" INTEGER NOT NULL,
    "differences" BYTEA NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "reports_pkey" PRIMARY KEY ("run_id","round","attempt","device_id")
);

-- CreateTable
CREATE TABLE "commits" (
    "run_id" INTEGER NOT NULL,
    "round" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,
    "state_hash" BYTEA NOT NULL,
    "reports_salt" BYTEA NOT NULL,
    "learning_rate" DOUBLE PRECISION NOT NULL,
    "coefficient_rms" DOUBLE PRECISION NOT NULL,
    "reports" INTEGER NOT NULL,
    "committed_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "commits_pkey" PRIMARY KEY ("run_id","round")
);

-- CreateTable
CREATE TABLE "evaluations" (
    "run_id" INTEGER NOT NULL,
    "round" INTEGER NOT NULL,
    "loss_sum" DOUBLE PRECISION NOT NULL,
    "correct" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "devices" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "evaluations_pkey" PRIMARY KEY ("run_id","round")
);

-- CreateTable
CREATE TABLE "artifacts" (
    "id" TEXT NOT NULL,
    "run_id" INTEGER NOT NULL,
    "kind" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "sha256" BYTEA NOT NULL,
    "bytes" INTEGER NOT NULL,
    "body" BYTEA NOT NULL,
    "made_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "artifacts_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "operators_name_key" ON "operators"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_hash_key" ON "api_tokens"("hash");

-- CreateIndex
CREATE INDEX "api_tokens_operator_id_idx" ON "api_tokens"("operator_id");

-- CreateIndex
CREATE UNIQUE INDEX "audit_entries_hash_key" ON "audit_entries"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "enrolment_tokens_hash_key" ON "enrolment_tokens"("hash");

-- CreateIndex
CREATE INDEX "enrolment_tokens_created_at_id_idx" ON "enrolment_tokens"("created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "devices_public_key_key" ON "devices"("public_key");

-- CreateIndex
CREATE INDEX "devices_state_idx" ON "devices"("state");

-- CreateIndex
CREATE INDEX "base_models_created_at_id_idx" ON "base_models"("created_at", "id");

-- CreateIndex
CREATE INDEX "runs_state_idx" ON "runs"("state");

-- CreateIndex
CREATE INDEX "assignments_device_id_idx" ON "assignments"("device_id");

-- CreateIndex
CREATE INDEX "reports_device_id_idx" ON "reports"("device_id");

-- CreateIndex
CREATE UNIQUE INDEX "commits_hash_key" ON "commits"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "artifacts_run_id_kind_round_key" ON "artifacts"("run_id", "kind", "round");

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_operator_id_fkey" FOREIGN KEY ("operator_id") REFERENCES "operators"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "devices" ADD CONSTRAINT "devices_enrolment_token_id_fkey" FOREIGN KEY ("enrolment_token_id") REFERENCES "enrolment_tokens"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_files" ADD CONSTRAINT "model_files_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "base_models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "runs" ADD CONSTRAINT "runs_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "base_models"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "assignments" ADD CONSTRAINT "assignments_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "devices"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "rounds" ADD CONSTRAINT "rounds_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_run_id_round_attempt_fkey" FOREIGN KEY ("run_id", "round", "attempt") REFERENCES "rounds"("run_id", "round", "attempt") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_device_id_fkey" FOREIGN KEY ("device_id") REFERENCES "devices"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "commits" ADD CONSTRAINT "commits_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What the schema language cannot say.
ALTER TABLE "enrolment_tokens" ADD CONSTRAINT "enrolment_tokens_uses" CHECK ("uses" >= 0 AND "uses" <= "uses_max");
ALTER TABLE "commits" ADD CONSTRAINT "commits_round" CHECK ("round" >= 0 AND "attempt" >= 0);
ALTER TABLE "evaluations" ADD CONSTRAINT "evaluations_counts" CHECK ("count" > 0 AND "correct" >= 0 AND "correct" <= "count");
