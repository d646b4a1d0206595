-- AlterTable
ALTER TABLE "operators" ADD COLUMN     "issuer" TEXT,
ADD COLUMN     "subject" TEXT;

-- CreateIndex
CREATE UNIQUE INDEX "operators_issuer_subject_key" ON "operators"("issuer", "subject");

-- A subject means nothing without the issuer that names it.
ALTER TABLE "operators" ADD CONSTRAINT "operators_identity_whole" CHECK (("issuer" IS NULL) = ("subject" IS NULL));
