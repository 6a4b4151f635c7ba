-- CreateTable
CREATE TABLE "Trial" (
    "distillationId" TEXT NOT NULL,
    "rung" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    "varied" JSONB NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "result" JSONB,
    "startedAt" TIMESTAMPTZ(3),
    "doneAt" TIMESTAMPTZ(3),

    CONSTRAINT "Trial_pkey" PRIMARY KEY ("distillationId","rung","index")
);

-- AddForeignKey
ALTER TABLE "Trial" ADD CONSTRAINT "Trial_distillationId_fkey" FOREIGN KEY ("distillationId") REFERENCES "Distillation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
