-- AlterTable
ALTER TABLE "Distillation" ADD COLUMN     "teacherQueries" JSONB,
ADD COLUMN     "transferSet" JSONB;
