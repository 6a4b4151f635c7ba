-- AlterTable
ALTER TABLE "Distillation" ADD COLUMN     "teacherQueries" JSONB,
ADD COLUMN     "transferSet" JSONB;
ALTER TABLE "LabelShard" ADD COLUMN "asked" INTEGER;
