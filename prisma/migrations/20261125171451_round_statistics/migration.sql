-- AlterTable
ALTER TABLE "assignments" ADD COLUMN     "state_hash" BYTEA,
ADD COLUMN     "state_round" INTEGER;

-- CreateTable
CREATE TABLE "round_statistics" (
    "run_id" INTEGER NOT NULL,
    "round" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "eligible" INTEGER,
    "online" INTEGER,
    "reported" INTEGER NOT NULL,
    "counted" INTEGER NOT NULL,
    "declines" JSONB NOT NULL,
    "declined" JSONB NOT NULL,
    "arrival_p50" DOUBLE PRECISION,
    "arrival_p90" DOUBLE PRECISION,
    "arrival_max" DOUBLE PRECISION,
    "difference_p10" DOUBLE PRECISION,
    "difference_p50" DOUBLE PRECISION,
    "difference_p90" DOUBLE PRECISION,
    "signal_to_noise" DOUBLE PRECISION,
    "sign_agreement" DOUBLE PRECISION,
    "gradient_p10" DOUBLE PRECISION,
    "gradient_p50" DOUBLE PRECISION,
    "gradient_p90" DOUBLE PRECISION,
    "step_norm" DOUBLE PRECISION,
    "adapter_norm" DOUBLE PRECISION,

    CONSTRAINT "round_statistics_pkey" PRIMARY KEY ("run_id","round","attempt")
);

-- CreateTable
CREATE TABLE "run_marks" (
    "run_id" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "round" INTEGER NOT NULL,

    CONSTRAINT "run_marks_pkey" PRIMARY KEY ("run_id","at","kind")
);

-- CreateIndex
CREATE INDEX "audit_entries_subject_sequence_idx" ON "audit_entries"("subject", "sequence");

-- AddForeignKey
ALTER TABLE "round_statistics" ADD CONSTRAINT "round_statistics_run_id_round_attempt_fkey" FOREIGN KEY ("run_id", "round", "attempt") REFERENCES "rounds"("run_id", "round", "attempt") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_marks" ADD CONSTRAINT "run_marks_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
