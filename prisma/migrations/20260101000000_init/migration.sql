-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "Task" (
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL DEFAULT 'classification',
    "description" TEXT NOT NULL DEFAULT '',
    "labels" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Task_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "Dataset" (
    "id" TEXT NOT NULL,
    "taskName" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "rowsDigest" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "rows" INTEGER NOT NULL,
    "counts" JSONB NOT NULL,
    "rejectedCount" INTEGER NOT NULL,
    "rejected" JSONB NOT NULL,
    "duplicates" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Dataset_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Teacher" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "taskName" TEXT,
    "datasetId" TEXT,
    "digest" TEXT,
    "labels" TEXT[],
    "manifest" JSONB NOT NULL,
    "metrics" JSONB,
    "progress" JSONB,
    "error" JSONB,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "heartbeatAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Teacher_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Distillation" (
    "id" TEXT NOT NULL,
    "taskName" TEXT NOT NULL,
    "datasetId" TEXT NOT NULL,
    "teacherId" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "status" TEXT NOT NULL,
    "stage" TEXT,
    "progress" JSONB,
    "stageStartedAt" TIMESTAMPTZ(3),
    "progressAt" TIMESTAMPTZ(3),
    "metrics" JSONB,
    "error" JSONB,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "idempotencyKey" TEXT,
    "idempotencyDigest" TEXT,
    "cancelRequestedAt" TIMESTAMPTZ(3),
    "heartbeatAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" TIMESTAMPTZ(3),
    "finishedAt" TIMESTAMPTZ(3),

    CONSTRAINT "Distillation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "LabelShard" (
    "distillationId" TEXT NOT NULL,
    "index" INTEGER NOT NULL,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "cached" INTEGER,
    "doneAt" TIMESTAMPTZ(3),

    CONSTRAINT "LabelShard_pkey" PRIMARY KEY ("distillationId","index")
);

-- CreateTable
CREATE TABLE "SoftLabel" (
    "teacherDigest" TEXT NOT NULL,
    "inputHash" TEXT NOT NULL,
    "logits" BYTEA NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "SoftLabel_pkey" PRIMARY KEY ("teacherDigest","inputHash")
);

-- CreateTable
CREATE TABLE "ModelVersion" (
    "id" TEXT NOT NULL,
    "taskName" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "distillationId" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "files" JSONB NOT NULL,
    "lineage" JSONB NOT NULL,
    "metrics" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ModelVersion_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Alias" (
    "taskName" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Alias_pkey" PRIMARY KEY ("taskName","alias")
);

-- CreateTable
CREATE TABLE "AliasChange" (
    "id" BIGSERIAL NOT NULL,
    "taskName" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "modelId" TEXT NOT NULL,
    "previousModelId" TEXT,
    "changedBy" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AliasChange_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ApiKey" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lastUsedAt" TIMESTAMPTZ(3),
    "revokedAt" TIMESTAMPTZ(3),

    CONSTRAINT "ApiKey_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Event" (
    "id" BIGSERIAL NOT NULL,
    "subject" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Event_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Dataset_taskName_createdAt_idx" ON "Dataset"("taskName", "createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "Distillation_idempotencyKey_key" ON "Distillation"("idempotencyKey");

-- CreateIndex
CREATE INDEX "Distillation_taskName_createdAt_idx" ON "Distillation"("taskName", "createdAt");

-- CreateIndex
CREATE INDEX "Distillation_status_idx" ON "Distillation"("status");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_distillationId_key" ON "ModelVersion"("distillationId");

-- CreateIndex
CREATE UNIQUE INDEX "ModelVersion_taskName_version_key" ON "ModelVersion"("taskName", "version");

-- CreateIndex
CREATE INDEX "AliasChange_taskName_alias_id_idx" ON "AliasChange"("taskName", "alias", "id");

-- CreateIndex
CREATE UNIQUE INDEX "ApiKey_hash_key" ON "ApiKey"("hash");

-- CreateIndex
CREATE INDEX "Event_subject_id_idx" ON "Event"("subject", "id");

-- AddForeignKey
ALTER TABLE "Dataset" ADD CONSTRAINT "Dataset_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Teacher" ADD CONSTRAINT "Teacher_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Teacher" ADD CONSTRAINT "Teacher_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Distillation" ADD CONSTRAINT "Distillation_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Distillation" ADD CONSTRAINT "Distillation_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "Dataset"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Distillation" ADD CONSTRAINT "Distillation_teacherId_fkey" FOREIGN KEY ("teacherId") REFERENCES "Teacher"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "LabelShard" ADD CONSTRAINT "LabelShard_distillationId_fkey" FOREIGN KEY ("distillationId") REFERENCES "Distillation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ModelVersion" ADD CONSTRAINT "ModelVersion_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ModelVersion" ADD CONSTRAINT "ModelVersion_distillationId_fkey" FOREIGN KEY ("distillationId") REFERENCES "Distillation"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Alias" ADD CONSTRAINT "Alias_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Alias" ADD CONSTRAINT "Alias_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AliasChange" ADD CONSTRAINT "AliasChange_taskName_fkey" FOREIGN KEY ("taskName") REFERENCES "Task"("name") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "AliasChange" ADD CONSTRAINT "AliasChange_modelId_fkey" FOREIGN KEY ("modelId") REFERENCES "ModelVersion"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
