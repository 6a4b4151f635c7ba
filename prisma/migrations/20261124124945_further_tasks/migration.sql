-- DropIndex
DROP INDEX "ModelVersion_distillationId_key";

-- CreateTable
CREATE TABLE "FurtherTask" (
    "distillationId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "taskName" TEXT NOT NULL,
    "datasetId" TEXT NOT NULL,
    "teacherId" TEXT NOT NULL,
    "metrics" JSONB,

    CONSTRAINT "FurtherTask_pkey" PRIMARY KEY ("distillationId","position")
);

-- CreateIndex
CREATE INDEX "FurtherTask_taskName_idx" ON "FurtherTask"("taskName");

-- CreateIndex
CREATE UNIQUE INDEX "FurtherTask_distillationId_taskName_key" ON "FurtherTask"("distillationId", "taskName");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_distillationId_taskName_key" ON "ModelVersion"("distillationId", "taskName");

-- AddForeignKey
ALTER TABLE "FurtherTask" ADD CONSTRAINT "FurtherTask_distillationId_fkey" FOREIGN KEY ("distillationId") REFERENCES "Distillation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FurtherTask" ADD CONSTRAINT "FurtherTask_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FurtherTask" ADD CONSTRAINT "FurtherTask_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FurtherTask" ADD CONSTRAINT "FurtherTask_teacherId_fkey" FOREIGN KEY ("teacherId") REFERENCES "Teacher"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
