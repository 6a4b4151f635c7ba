-- CreateTable
CREATE TABLE "FurtherTeacher" (
    "distillationId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "teacherId" TEXT NOT NULL,

    CONSTRAINT "FurtherTeacher_pkey" PRIMARY KEY ("distillationId","position")
);

-- CreateIndex
CREATE INDEX "FurtherTeacher_teacherId_idx" ON "FurtherTeacher"("teacherId");

-- AddForeignKey
ALTER TABLE "FurtherTeacher" ADD CONSTRAINT "FurtherTeacher_distillationId_fkey" FOREIGN KEY ("distillationId") REFERENCES "Distillation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "FurtherTeacher" ADD CONSTRAINT "FurtherTeacher_teacherId_fkey" FOREIGN KEY ("teacherId") REFERENCES "Teacher"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
