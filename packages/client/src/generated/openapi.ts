// Made from openapi.json by `npm run generate`: do not edit.

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Can it serve: does every dependency answer
         * @description Answers RT_UNAVAILABLE with one problem for each dependency that does not.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a task */
        get: operations["getTask"];
        /**
         * Create a task, or change its description and labels
         * @description Labels can be changed only while the task has no dataset: what was learnt is in their terms.
         */
        put: operations["putTask"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tasks, by name */
        get: operations["listTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/distillations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List distillations */
        get: operations["listDistillations"];
        put?: never;
        /**
         * Submit a distillation
         * @description The whole of it is checked first: RT_INVALID_SPEC lists every problem with its JSON pointer. Whatever of `spec` is left out has a default.
         */
        post: operations["submitDistillation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/distillations/{distillation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a distillation: status, stage, progress, metrics, error */
        get: operations["getDistillation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/distillations/{distillation}/trials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the trials of a distillation whose spec is searched
         * @description By round and candidate. Those of a later round are added when the round before is done.
         */
        get: operations["listTrials"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/distillations/{distillation}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a distillation
         * @description Server-sent events from the first one, or after `Last-Event-ID`. The stream ends when the job has ended.
         */
        get: operations["streamDistillationEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/distillations/{distillation}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a distillation
         * @description At once where it waits; within seconds where it runs (`cancelRequested` until then). Asking twice is fine.
         */
        post: operations["cancelDistillation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a task's model versions, latest first */
        get: operations["listModels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a model version with lineage, measures and files */
        get: operations["getModel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}/files/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Download a file of a model version
         * @description The files make up a Hugging Face folder. `Range` and `If-None-Match` are understood.
         */
        get: operations["getModelFile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}/aliases/{alias}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Deploy: point an alias at a model version
         * @description Inference answers with it within a second, without dropping a request. With `expectedModel` two people cannot undo each other's change unknowingly.
         */
        put: operations["putAlias"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a task's aliases, by name */
        get: operations["listAliases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}/aliases/{alias}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who served under an alias, and since when; latest first */
        get: operations["getAliasHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List API keys, revoked ones included */
        get: operations["listKeys"];
        put?: never;
        /**
         * Make an API key
         * @description The answer is the only place where the key itself ever stands.
         */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description It stops working within a second. The record stays.
         */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/tasks/{task}/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a task's datasets */
        get: operations["listDatasets"];
        put?: never;
        /**
         * Upload a dataset of any size
         * @description Streamed and checked row by row. Rows without `label` are for the teacher alone; rows without `split` are divided 80/10/10 by their text. Bad rows are left out and reported; the same bytes again answer the same dataset (200).
         */
        post: operations["uploadDataset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/datasets/{dataset}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a dataset */
        get: operations["getDataset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teachers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List teachers */
        get: operations["listTeachers"];
        put?: never;
        /**
         * Register a teacher
         * @description A classifier with labels of its own, or an encoder that learns them: with a `head`, or as a whole with `train` (`training` until then). JSON names a folder on the server; a form brings the files. What the folder holds is checked now.
         */
        post: operations["registerTeacher"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teachers/{teacher}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a teacher */
        get: operations["getTeacher"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teachers/{teacher}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow the training of a teacher
         * @description Server-sent events as of a distillation; the stream ends when the teacher is ready, failed or cancelled.
         */
        get: operations["streamTeacherEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teachers/{teacher}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel the training of a teacher
         * @description At once; a worker that is on it stops within seconds. Asking twice is fine.
         */
        post: operations["cancelTeacher"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/teachers/{teacher}/predict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a teacher
         * @description For comparison with its students; the first question opens the model and takes longer.
         */
        post: operations["predictWithTeacher"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask a deployed student
         * @description The version that the alias `champion` (or `alias`) points at answers, or the one named in `model`. One text in `input` is answered by itself, several in `inputs` by a list.
         */
        post: operations["infer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Alias
         * @description Which version serves under a name.
         */
        Alias: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description Name that versions are deployed under; `/infer` answers with `champion` unless told otherwise.
             * @example champion
             */
            alias: string;
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            model: string;
            version: number;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            updatedAt: string;
        };
        /**
         * AliasChange
         * @description One entry of the append-only history.
         */
        AliasChange: {
            id: string;
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            model: string;
            version: number;
            previousModel: string | null;
            /** @description Name of the API key. */
            changedBy: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            at: string;
        };
        /** AliasChangePage */
        AliasChangePage: {
            items: components["schemas"]["AliasChange"][];
            nextCursor: string | null;
        };
        /** AliasInput */
        AliasInput: {
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            model: string;
            expectedModel?: string | null;
        };
        /** AliasList */
        AliasList: {
            items: components["schemas"]["Alias"][];
        };
        /** ApiKey */
        ApiKey: {
            /**
             * @description Id of an API key.
             * @example key_4a6b8c0d2e4f6a8b
             */
            id: string;
            /** @example support-agent */
            name: string;
            /**
             * @description `infer` asks models; `submit` also brings data, teachers and jobs, and reads everything; `admin` may do all.
             * @example [
             *       "infer"
             *     ]
             */
            scopes: ("admin" | "submit" | "infer")[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            lastUsedAt: string | null;
            revokedAt: string | null;
        };
        /** ApiKeyInput */
        ApiKeyInput: {
            /** @example support-agent */
            name: string;
            /**
             * @description `infer` asks models; `submit` also brings data, teachers and jobs, and reads everything; `admin` may do all.
             * @example [
             *       "infer"
             *     ]
             */
            scopes: ("admin" | "submit" | "infer")[];
        };
        /** ApiKeyPage */
        ApiKeyPage: {
            items: components["schemas"]["ApiKey"][];
            nextCursor: string | null;
        };
        /**
         * AutoSpec
         * @description Chooses the student: `spec.student` stands in for it until the search has ended.
         */
        AutoSpec: {
            budget?: components["schemas"]["StudentBudget"];
            /**
             * @description What the static students among the default candidates read: n-grams of characters, or the tokens of the teacher, which must be WordPiece or Unigram. Of no effect on candidates that are listed.
             * @default characters
             * @enum {unknown}
             */
            tokens: "characters" | "teacher";
            /** @description Students to choose from. Default: four static ones and four encoders of several sizes. */
            candidates: {
                student: components["schemas"]["StaticStudent"] | components["schemas"]["EncoderStudent"];
                training: components["schemas"]["TrainingSpec"];
            }[];
            /** @description Minutes that trials may take, summed over them. The trial that runs out of them is stopped; the first always ends. */
            minutes?: number;
            /**
             * @description A trial stops after this many epochs in a row without a better validation metric; 0 for never.
             * @default 3
             */
            patience: number;
            /**
             * @description Of the validation rows: the share answered with their label, or with the answer of the teacher.
             * @default accuracy
             * @enum {unknown}
             */
            metric: "accuracy" | "agreement";
        };
        /** AutoSpecInput */
        AutoSpecInput: {
            budget?: components["schemas"]["StudentBudget"];
            /**
             * @description What the static students among the default candidates read: n-grams of characters, or the tokens of the teacher, which must be WordPiece or Unigram. Of no effect on candidates that are listed.
             * @default characters
             * @enum {unknown}
             */
            tokens?: "characters" | "teacher";
            /** @description Minutes that trials may take, summed over them. The trial that runs out of them is stopped; the first always ends. */
            minutes?: number;
            /**
             * @description A trial stops after this many epochs in a row without a better validation metric; 0 for never.
             * @default 3
             */
            patience?: number;
            /**
             * @description Of the validation rows: the share answered with their label, or with the answer of the teacher.
             * @default accuracy
             * @enum {unknown}
             */
            metric?: "accuracy" | "agreement";
            /** @description Students to choose from. Default: four static ones and four encoders of several sizes. */
            candidates?: {
                student: components["schemas"]["StaticStudentInput"] | components["schemas"]["EncoderStudentInput"];
                training?: components["schemas"]["TrainingSpecInput"];
            }[];
        };
        /**
         * AutoStudentInput
         * @description The fastest student within the budget that is as accurate as the best there, but for a standard error: out of candidates of every family and several sizes.
         */
        AutoStudentInput: {
            /** @enum {string} */
            family: "auto";
            budget?: components["schemas"]["StudentBudget"];
            /**
             * @description What the static students among the default candidates read: n-grams of characters, or the tokens of the teacher, which must be WordPiece or Unigram. Of no effect on candidates that are listed.
             * @default characters
             * @enum {unknown}
             */
            tokens?: "characters" | "teacher";
        };
        /** CompressionRecord */
        CompressionRecord: {
            step: components["schemas"]["CompressionStep"];
            /** @description Whether the packaged student has it. */
            accepted: boolean;
            /** @description Why it was not accepted. */
            reason?: string;
            /** @description Validation accuracy before the step, 0..1. */
            accuracyBefore: number;
            /** @description The same after it, 0..1. */
            accuracyAfter: number;
            /** @description Share of validation rows that are answered as by the uncompressed student, 0..1. */
            agreement: number;
            /** @description Largest difference of a logit from before the step. */
            maxLogitChange: number;
            /** @description Of the graph before the step. */
            bytesBefore: number;
            /** @description Of the graph after it. */
            bytes: number;
            /** @description Weights that are not 0, after it. */
            parameters: number;
        };
        /** CompressionSpec */
        CompressionSpec: {
            /**
             * @default [
             *       {
             *         "kind": "quantize"
             *       }
             *     ]
             */
            steps: components["schemas"]["CompressionStep"][];
            /**
             * @description Epochs of training after each pruning step, with the same loss; 0 for none.
             * @default 3
             */
            fineTuneEpochs: number;
            /**
             * @description Peak learning rate of that training, as a share of training.learningRate.
             * @default 0.1
             */
            fineTuneRate: number;
            /** @default {} */
            allowance: {
                /**
                 * @description Most validation accuracy (where no row has a label: agreement with the teacher) that may be lost in all against the uncompressed student.
                 * @default 0.005
                 */
                accuracy: number;
                /** @description Least share of validation rows that are answered as by the uncompressed student; default 0. */
                agreement?: number;
            };
        };
        /** CompressionSpecInput */
        CompressionSpecInput: {
            /** @description In their order. A section of no steps and nothing else leaves the student as it is, also where int8 is recommended: in a submission that says nothing of compression, with rows to check it on. */
            steps?: components["schemas"]["CompressionStep"][];
            /**
             * @description Epochs of training after each pruning step, with the same loss; 0 for none.
             * @default 3
             */
            fineTuneEpochs?: number;
            /**
             * @description Peak learning rate of that training, as a share of training.learningRate.
             * @default 0.1
             */
            fineTuneRate?: number;
            allowance?: {
                /**
                 * @description Most validation accuracy (where no row has a label: agreement with the teacher) that may be lost in all against the uncompressed student.
                 * @default 0.005
                 */
                accuracy?: number;
                /** @description Least share of validation rows that are answered as by the uncompressed student; default 0. */
                agreement?: number;
            };
        };
        /** CompressionStep */
        CompressionStep: {
            /**
             * @description prune-heads: attention heads of an encoder. prune-hidden: units between two dense layers. prune-magnitude: the smallest weights of matrices become 0. prune-vocabulary: rare tokens of an encoder. quantize: int8; it comes last.
             * @enum {unknown}
             */
            kind: "prune-heads" | "prune-hidden" | "prune-magnitude" | "prune-vocabulary" | "quantize";
            /** @description Of prune-heads, prune-hidden and prune-magnitude: the share that is taken away, default 0.25, of prune-magnitude 0.5. */
            share?: number;
            /**
             * @description Of prune-heads and prune-hidden: by what the least important are found, how far the loss would change to first order (default), or the norm of the weights that read them.
             * @enum {unknown}
             */
            importance?: "taylor" | "norm";
            /**
             * @description Of prune-magnitude: whether the share is taken of each matrix (default) or of all together.
             * @enum {unknown}
             */
            scope?: "tensor" | "global";
            /** @description Of prune-vocabulary: how often the training texts must have a token for it to stay; default 2. */
            minCount?: number;
            /** @description Of quantize: the matrices; default true. */
            weights?: boolean;
            /** @description Of quantize: the embedding tables; default true. */
            tables?: boolean;
        };
        /**
         * Dataset
         * @description One uploaded file of examples. The same bytes give the same id.
         */
        Dataset: {
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            id: string;
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description sha256, hexadecimal.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            digest: string;
            /** @description Size of the uploaded file. */
            bytes: number;
            /** @description Accepted rows. */
            rows: number;
            counts: components["schemas"]["DatasetCounts"];
            rejected: components["schemas"]["RejectedRows"];
            duplicates: components["schemas"]["DuplicateTexts"];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
        };
        /** DatasetCounts */
        DatasetCounts: {
            splits: components["schemas"]["SplitCounts"];
            /** @description Rows per label and split. */
            labels: {
                [key: string]: components["schemas"]["SplitCounts"];
            };
            /** @description Rows without a label: only the teacher says what they are. */
            unlabelled: number;
        };
        /** DatasetPage */
        DatasetPage: {
            items: components["schemas"]["Dataset"][];
            nextCursor: string | null;
        };
        /** DatasetUpload */
        DatasetUpload: {
            /**
             * Format: binary
             * @description The file, by its type or extension JSONL or CSV.
             */
            file: Blob;
        };
        /**
         * Distillation
         * @description One job: soft labels, training, evaluation, packaging.
         */
        Distillation: {
            /**
             * @description Id of a distillation.
             * @example dst_9c41d7be02aa4f6e
             */
            id: string;
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset: string;
            /**
             * @description Id of a teacher.
             * @example tch_5b8e1d0a7c3f4e2b
             */
            teacher: string;
            /** @description All teachers of the task, `teacher` first. */
            teachers: string[];
            /** @description Where the student answers several: all of them. `task`, `dataset`, `teacher`, `metrics` and `model` are of the first. */
            tasks?: components["schemas"]["TaskOfDistillation"][];
            spec: components["schemas"]["DistillationSpec"];
            /** @enum {unknown} */
            status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            stage: ("labelling" | "searching" | "training" | "evaluating" | "packaging") | null;
            progress: components["schemas"]["Progress"] | null;
            teacherQueries: components["schemas"]["TeacherQueries"] | null;
            transferSet: components["schemas"]["TransferSetCounts"] | null;
            metrics: components["schemas"]["StudentMetrics"] | null;
            error: components["schemas"]["JobError"] | null;
            /** @description Times that a worker began it. */
            attempt: number;
            cancelRequested: boolean;
            model: string | null;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            startedAt: string | null;
            finishedAt: string | null;
        };
        /** DistillationEvent */
        DistillationEvent: {
            /** @enum {unknown} */
            type: "status" | "progress" | "metrics" | "error";
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            at: string;
            data: {
                [key: string]: unknown;
            };
        };
        /** DistillationInput */
        DistillationInput: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task?: string;
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset?: string;
            /**
             * @description Id of a teacher.
             * @example tch_5b8e1d0a7c3f4e2b
             */
            teacher?: string;
            /** @description Instead of `teacher`: several, whose answers `spec.ensemble` combines. Features and first weights are those of the first. */
            teachers?: string[];
            /** @description Instead of `task`, `dataset` and `teacher`: several tasks, each with a teacher of its own, for one student with a head for each. An encoder student reads the tokens of the first task’s teacher. */
            tasks?: components["schemas"]["TaskOfDistillationInput"][];
            spec?: {
                student?: (components["schemas"]["StaticStudentInput"] | components["schemas"]["EncoderStudentInput"]) | ("auto" | components["schemas"]["AutoStudentInput"]);
                loss?: {
                    /**
                     * @description Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).
                     * @default 0.1
                     */
                    lambda?: number;
                    /**
                     * @description T of both softmaxes.
                     * @default 3
                     */
                    temperature?: number;
                    /**
                     * @description Share ε of the hard label that is spread evenly over all classes.
                     * @default 0
                     */
                    labelSmoothing?: number;
                    /**
                     * @description What stands in the place of KL(teacher‖student). T² is before it but for dist and logit-mse.
                     * @default forward-kl
                     * @enum {unknown}
                     */
                    divergence?: "forward-kl" | "reverse-kl" | "jensen-shannon" | "dkd" | "dist" | "logit-mse";
                    dkd?: {
                        /**
                         * @description Weight of what is learned about the other classes, beside 1 for the target class.
                         * @default 8
                         */
                        beta?: number;
                    };
                    dist?: {
                        /**
                         * @description Weight of the correlation over the classes of a row.
                         * @default 1
                         */
                        inter?: number;
                        /**
                         * @description Weight of the correlation over the rows of a batch, class by class.
                         * @default 1
                         */
                        intra?: number;
                    };
                    schedule?: {
                        /**
                         * @description step: a stage has its values from its beginning. linear: they are reached at its end, in a straight line from those before it, at first those of the loss.
                         * @default step
                         * @enum {unknown}
                         */
                        interpolation?: "step" | "linear";
                        stages: {
                            /** @description Share of the training at which the stage ends; stages ascend and the last ends at 1. */
                            until: number;
                            /** @description Default: that of the loss. */
                            temperature?: number;
                            /** @description Default: that of the loss. */
                            lambda?: number;
                        }[];
                    };
                };
                softLabels?: {
                    /**
                     * @description Divides the teacher’s logits by the temperature that fits the labelled rows of the split “valid” best (Guo et al. 2017).
                     * @default false
                     */
                    calibrate?: boolean;
                    /**
                     * @description Share of the label that is mixed into the teacher’s probabilities where its answer is not the label.
                     * @default 0
                     */
                    correct?: number;
                    /**
                     * @description Power of the probabilities, normalised again: above 1 sharper, below 1 softer.
                     * @default 1
                     */
                    sharpen?: number;
                    /** @description Keeps only the k highest probabilities; what the others had is spread evenly over them. Below the number of labels. */
                    topK?: number;
                    /**
                     * @description What a row counts in the loss: how sure the teacher was of it, relative to the mean over all rows.
                     * @default none
                     * @enum {unknown}
                     */
                    weighting?: "none" | "max-probability" | "margin" | "entropy";
                };
                curriculum?: {
                    /**
                     * @description What makes a row easy: a wide margin between the teacher’s two highest probabilities, or a low entropy.
                     * @default margin
                     * @enum {unknown}
                     */
                    by?: "margin" | "entropy";
                    /**
                     * @description Share of the rows, the easiest, in the first epoch.
                     * @default 0.3
                     */
                    start?: number;
                    /**
                     * @description Share of the epochs after which all rows take part.
                     * @default 0.5
                     */
                    until?: number;
                    /**
                     * @description How the share of rows grows: in a straight line, or fast at first, so that new rows come in proportion to how few of them there are (Platanios et al. 2019).
                     * @default root
                     * @enum {unknown}
                     */
                    pacing?: "linear" | "root";
                };
                training?: components["schemas"]["TrainingSpecInput"];
                features?: {
                    /**
                     * @description hidden: the states after a layer, through a learned projection. attention: the attention maps of a layer. value-relation, query-key-relation: softmax(v·vᵀ/√d) and softmax(q·kᵀ/√d) between the tokens of a layer (MiniLM). embedding: the vector of the whole text, through a learned projection. All but embedding need an encoder student that reads the tokens of its teacher.
                     * @enum {unknown}
                     */
                    kind: "hidden" | "attention" | "value-relation" | "query-key-relation" | "embedding";
                    /** @description Layer of the teacher, counted from 0; default the last. */
                    teacherLayer?: number;
                    /** @description Name of a value in the ONNX graph of the teacher, instead of a layer: [batch, tokens, width], for attention [batch, heads, tokens, tokens], for embedding [batch, width]. */
                    teacherTensor?: string;
                    /** @description Layer of the student, counted from 0; default the last. */
                    studentLayer?: number;
                    /**
                     * @description hidden: mse (default) or cosine. attention: kl (default) or mse. embedding: cosine (default) or mse. Relations: kl.
                     * @enum {unknown}
                     */
                    distance?: "mse" | "cosine" | "kl";
                    /** @description Heads that the width of both models is cut into for a relation. Default: the most heads that the teacher or the student has and that divide both widths, else 1. */
                    relationHeads?: number;
                    /**
                     * @description Factor of the term in the loss.
                     * @default 1
                     */
                    weight?: number;
                }[];
                transferSet?: components["schemas"]["TransferSetInput"];
                ensemble?: {
                    /**
                     * @description What the weighted mean is taken of: probabilities (a mixture), or logits (a product of experts).
                     * @default probabilities
                     * @enum {unknown}
                     */
                    combine?: "probabilities" | "logits";
                    /** @default {} */
                    weighting?: {
                        /**
                         * @description fixed: `weights` alone. confidence: how sure the teacher is of the text. skill: its F1 of the label on the rows of the split “valid”. agreement: how near it is to the other teachers on the text (3 teachers or more). route: within a group of labels one teacher decides, see `routes`.
                         * @default fixed
                         * @enum {unknown}
                         */
                        by: "fixed" | "confidence" | "skill" | "agreement" | "route";
                        /**
                         * @description Of confidence: the largest probability, or 1 - entropy / log(labels). Default max-probability; only with by: confidence.
                         * @enum {unknown}
                         */
                        measure?: "max-probability" | "entropy";
                        /** @description γ of the weight ∝ weights[teacher] · exp(γ · score), the score being 0..1; 0 leaves `weights` alone. Default 5; not with fixed or route. */
                        sharpness?: number;
                        /** @description Of skill: rows that each label is imagined to have besides its own, answered as well as the teacher answers on the whole. Default 5; only with by: skill. */
                        smoothing?: number;
                    };
                    /** @description One entry for each teacher, in their order: the weight that it has before `weighting` changes it. Default: all the same. */
                    weights?: number[];
                    /** @description The labels of the student. Default: what the labels of the first teacher are mapped onto. */
                    labels?: string[];
                    /** @description One entry for each teacher, in their order: {"its label": "label of the student", or null to drop it}; several may map onto one. Labels that are not named keep their name. null instead of a map: all of them do. */
                    labelMaps?: ({
                        [key: string]: string | null;
                    } | null)[];
                    /** @description One entry for each teacher, in their order: the labels of the student between which it decides, or null; together they name each label once. Only with by: route. */
                    routes?: (string[] | null)[];
                    /**
                     * @description Whether the logits of each teacher are first divided by a temperature fitted on the labelled rows of the split “valid”, so that teachers of different scales mean the same by a probability. Without such rows they stay as they are.
                     * @default true
                     */
                    calibrate?: boolean;
                };
                /**
                 * @description Label of rows that belong to no other label; they may stand in the data of a teacher that does not know it.
                 * @default oos
                 */
                outOfScope?: string;
                progressive?: {
                    /** @description Teacher assistants (Mirzadeh et al. 2020), the largest first: each learns from the one before it, the first from the teacher, the student from the last. */
                    assistants?: {
                        student?: components["schemas"]["StaticStudentInput"] | components["schemas"]["EncoderStudentInput"];
                        loss?: {
                            /**
                             * @description Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).
                             * @default 0.1
                             */
                            lambda?: number;
                            /**
                             * @description T of both softmaxes.
                             * @default 3
                             */
                            temperature?: number;
                            /**
                             * @description Share ε of the hard label that is spread evenly over all classes.
                             * @default 0
                             */
                            labelSmoothing?: number;
                            /**
                             * @description What stands in the place of KL(teacher‖student). T² is before it but for dist and logit-mse.
                             * @default forward-kl
                             * @enum {unknown}
                             */
                            divergence?: "forward-kl" | "reverse-kl" | "jensen-shannon" | "dkd" | "dist" | "logit-mse";
                            dkd?: {
                                /**
                                 * @description Weight of what is learned about the other classes, beside 1 for the target class.
                                 * @default 8
                                 */
                                beta?: number;
                            };
                            dist?: {
                                /**
                                 * @description Weight of the correlation over the classes of a row.
                                 * @default 1
                                 */
                                inter?: number;
                                /**
                                 * @description Weight of the correlation over the rows of a batch, class by class.
                                 * @default 1
                                 */
                                intra?: number;
                            };
                            schedule?: {
                                /**
                                 * @description step: a stage has its values from its beginning. linear: they are reached at its end, in a straight line from those before it, at first those of the loss.
                                 * @default step
                                 * @enum {unknown}
                                 */
                                interpolation?: "step" | "linear";
                                stages: {
                                    /** @description Share of the training at which the stage ends; stages ascend and the last ends at 1. */
                                    until: number;
                                    /** @description Default: that of the loss. */
                                    temperature?: number;
                                    /** @description Default: that of the loss. */
                                    lambda?: number;
                                }[];
                            };
                        };
                        training?: components["schemas"]["TrainingSpecInput"];
                        /**
                         * @description Weight of the teacher’s soft labels, averaged with the assistant’s, in what the next student learns from: 0 for the assistant’s alone.
                         * @default 0
                         */
                        mix?: number;
                    }[];
                    growth?: {
                        /** @description In order: more layers each time, in the last as many as the student has. */
                        stages: {
                            /** @description Transformer layers that are trained in it. */
                            layers: number;
                            /** @description Of `training.epochs`; the shares sum to 1. Default: equal shares. */
                            share?: number;
                        }[];
                        /**
                         * @description What a new layer starts as: the trained layers again from the first on (`stack`, Gong et al. 2019), the last trained layer (`last`), or what the student would have started as (`fresh`).
                         * @default stack
                         * @enum {unknown}
                         */
                        newLayers?: "stack" | "last" | "fresh";
                    };
                };
                compression?: components["schemas"]["CompressionSpecInput"];
                sweep?: components["schemas"]["SweepSpecInput"];
                auto?: components["schemas"]["AutoSpecInput"];
                multiTask?: {
                    /**
                     * @description Exponent α: an epoch has rows of a task in proportion to (its rows)^α. 1: every row once; 0: as many of each task, those of small ones several times.
                     * @default 1
                     */
                    sampling?: number;
                    /**
                     * @description By the name of the task.
                     * @default {}
                     */
                    tasks?: {
                        [key: string]: {
                            /** @description Factor on the loss of its rows; default 1. */
                            weight?: number;
                            /** @description Least accuracy on the test split; below it the gate is failed. */
                            minAccuracy?: number;
                            /** @description Least agreement with the teacher on the test split; below it the gate is failed. */
                            minAgreement?: number;
                        };
                    };
                };
            };
        };
        /** DistillationPage */
        DistillationPage: {
            items: components["schemas"]["Distillation"][];
            nextCursor: string | null;
        };
        /**
         * DistillationSpec
         * @description How to distil, with every default filled in; `multiTask` where the student answers several tasks.
         */
        DistillationSpec: {
            student: components["schemas"]["StaticStudent"] | components["schemas"]["EncoderStudent"];
            loss: {
                /**
                 * @description Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).
                 * @default 0.1
                 */
                lambda: number;
                /**
                 * @description T of both softmaxes.
                 * @default 3
                 */
                temperature: number;
                /**
                 * @description Share ε of the hard label that is spread evenly over all classes.
                 * @default 0
                 */
                labelSmoothing: number;
                /**
                 * @description What stands in the place of KL(teacher‖student). T² is before it but for dist and logit-mse.
                 * @default forward-kl
                 * @enum {unknown}
                 */
                divergence: "forward-kl" | "reverse-kl" | "jensen-shannon" | "dkd" | "dist" | "logit-mse";
                dkd?: {
                    /**
                     * @description Weight of what is learned about the other classes, beside 1 for the target class.
                     * @default 8
                     */
                    beta: number;
                };
                dist?: {
                    /**
                     * @description Weight of the correlation over the classes of a row.
                     * @default 1
                     */
                    inter: number;
                    /**
                     * @description Weight of the correlation over the rows of a batch, class by class.
                     * @default 1
                     */
                    intra: number;
                };
                schedule?: {
                    /**
                     * @description step: a stage has its values from its beginning. linear: they are reached at its end, in a straight line from those before it, at first those of the loss.
                     * @default step
                     * @enum {unknown}
                     */
                    interpolation: "step" | "linear";
                    stages: {
                        /** @description Share of the training at which the stage ends; stages ascend and the last ends at 1. */
                        until: number;
                        /** @description Default: that of the loss. */
                        temperature?: number;
                        /** @description Default: that of the loss. */
                        lambda?: number;
                    }[];
                };
            };
            softLabels?: {
                /**
                 * @description Divides the teacher’s logits by the temperature that fits the labelled rows of the split “valid” best (Guo et al. 2017).
                 * @default false
                 */
                calibrate: boolean;
                /**
                 * @description Share of the label that is mixed into the teacher’s probabilities where its answer is not the label.
                 * @default 0
                 */
                correct: number;
                /**
                 * @description Power of the probabilities, normalised again: above 1 sharper, below 1 softer.
                 * @default 1
                 */
                sharpen: number;
                /** @description Keeps only the k highest probabilities; what the others had is spread evenly over them. Below the number of labels. */
                topK?: number;
                /**
                 * @description What a row counts in the loss: how sure the teacher was of it, relative to the mean over all rows.
                 * @default none
                 * @enum {unknown}
                 */
                weighting: "none" | "max-probability" | "margin" | "entropy";
            };
            curriculum?: {
                /**
                 * @description What makes a row easy: a wide margin between the teacher’s two highest probabilities, or a low entropy.
                 * @default margin
                 * @enum {unknown}
                 */
                by: "margin" | "entropy";
                /**
                 * @description Share of the rows, the easiest, in the first epoch.
                 * @default 0.3
                 */
                start: number;
                /**
                 * @description Share of the epochs after which all rows take part.
                 * @default 0.5
                 */
                until: number;
                /**
                 * @description How the share of rows grows: in a straight line, or fast at first, so that new rows come in proportion to how few of them there are (Platanios et al. 2019).
                 * @default root
                 * @enum {unknown}
                 */
                pacing: "linear" | "root";
            };
            training: components["schemas"]["TrainingSpec"];
            /** @description Terms of the loss that compare what is inside teacher and student; left out, only their answers are. */
            features?: {
                /**
                 * @description hidden: the states after a layer, through a learned projection. attention: the attention maps of a layer. value-relation, query-key-relation: softmax(v·vᵀ/√d) and softmax(q·kᵀ/√d) between the tokens of a layer (MiniLM). embedding: the vector of the whole text, through a learned projection. All but embedding need an encoder student that reads the tokens of its teacher.
                 * @enum {unknown}
                 */
                kind: "hidden" | "attention" | "value-relation" | "query-key-relation" | "embedding";
                /** @description Layer of the teacher, counted from 0; default the last. */
                teacherLayer?: number;
                /** @description Name of a value in the ONNX graph of the teacher, instead of a layer: [batch, tokens, width], for attention [batch, heads, tokens, tokens], for embedding [batch, width]. */
                teacherTensor?: string;
                /** @description Layer of the student, counted from 0; default the last. */
                studentLayer?: number;
                /**
                 * @description hidden: mse (default) or cosine. attention: kl (default) or mse. embedding: cosine (default) or mse. Relations: kl.
                 * @enum {unknown}
                 */
                distance?: "mse" | "cosine" | "kl";
                /** @description Heads that the width of both models is cut into for a relation. Default: the most heads that the teacher or the student has and that divide both widths, else 1. */
                relationHeads?: number;
                /**
                 * @description Factor of the term in the loss.
                 * @default 1
                 */
                weight: number;
            }[];
            transferSet?: components["schemas"]["TransferSet"];
            ensemble?: {
                /**
                 * @description What the weighted mean is taken of: probabilities (a mixture), or logits (a product of experts).
                 * @default probabilities
                 * @enum {unknown}
                 */
                combine: "probabilities" | "logits";
                /** @default {} */
                weighting: {
                    /**
                     * @description fixed: `weights` alone. confidence: how sure the teacher is of the text. skill: its F1 of the label on the rows of the split “valid”. agreement: how near it is to the other teachers on the text (3 teachers or more). route: within a group of labels one teacher decides, see `routes`.
                     * @default fixed
                     * @enum {unknown}
                     */
                    by: "fixed" | "confidence" | "skill" | "agreement" | "route";
                    /**
                     * @description Of confidence: the largest probability, or 1 - entropy / log(labels). Default max-probability; only with by: confidence.
                     * @enum {unknown}
                     */
                    measure?: "max-probability" | "entropy";
                    /** @description γ of the weight ∝ weights[teacher] · exp(γ · score), the score being 0..1; 0 leaves `weights` alone. Default 5; not with fixed or route. */
                    sharpness?: number;
                    /** @description Of skill: rows that each label is imagined to have besides its own, answered as well as the teacher answers on the whole. Default 5; only with by: skill. */
                    smoothing?: number;
                };
                /** @description One entry for each teacher, in their order: the weight that it has before `weighting` changes it. Default: all the same. */
                weights?: number[];
                /** @description The labels of the student. Default: what the labels of the first teacher are mapped onto. */
                labels?: string[];
                /** @description One entry for each teacher, in their order: {"its label": "label of the student", or null to drop it}; several may map onto one. Labels that are not named keep their name. null instead of a map: all of them do. */
                labelMaps?: ({
                    [key: string]: string | null;
                } | null)[];
                /** @description One entry for each teacher, in their order: the labels of the student between which it decides, or null; together they name each label once. Only with by: route. */
                routes?: (string[] | null)[];
                /**
                 * @description Whether the logits of each teacher are first divided by a temperature fitted on the labelled rows of the split “valid”, so that teachers of different scales mean the same by a probability. Without such rows they stay as they are.
                 * @default true
                 */
                calibrate: boolean;
            };
            /** @description Label of rows that belong to no other label. */
            outOfScope?: string;
            progressive?: {
                /** @description Teacher assistants (Mirzadeh et al. 2020), the largest first: each learns from the one before it, the first from the teacher, the student from the last. */
                assistants?: {
                    student: components["schemas"]["StaticStudent"] | components["schemas"]["EncoderStudent"];
                    loss: {
                        /**
                         * @description Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).
                         * @default 0.1
                         */
                        lambda: number;
                        /**
                         * @description T of both softmaxes.
                         * @default 3
                         */
                        temperature: number;
                        /**
                         * @description Share ε of the hard label that is spread evenly over all classes.
                         * @default 0
                         */
                        labelSmoothing: number;
                        /**
                         * @description What stands in the place of KL(teacher‖student). T² is before it but for dist and logit-mse.
                         * @default forward-kl
                         * @enum {unknown}
                         */
                        divergence: "forward-kl" | "reverse-kl" | "jensen-shannon" | "dkd" | "dist" | "logit-mse";
                        dkd?: {
                            /**
                             * @description Weight of what is learned about the other classes, beside 1 for the target class.
                             * @default 8
                             */
                            beta: number;
                        };
                        dist?: {
                            /**
                             * @description Weight of the correlation over the classes of a row.
                             * @default 1
                             */
                            inter: number;
                            /**
                             * @description Weight of the correlation over the rows of a batch, class by class.
                             * @default 1
                             */
                            intra: number;
                        };
                        schedule?: {
                            /**
                             * @description step: a stage has its values from its beginning. linear: they are reached at its end, in a straight line from those before it, at first those of the loss.
                             * @default step
                             * @enum {unknown}
                             */
                            interpolation: "step" | "linear";
                            stages: {
                                /** @description Share of the training at which the stage ends; stages ascend and the last ends at 1. */
                                until: number;
                                /** @description Default: that of the loss. */
                                temperature?: number;
                                /** @description Default: that of the loss. */
                                lambda?: number;
                            }[];
                        };
                    };
                    training: components["schemas"]["TrainingSpec"];
                    /**
                     * @description Weight of the teacher’s soft labels, averaged with the assistant’s, in what the next student learns from: 0 for the assistant’s alone.
                     * @default 0
                     */
                    mix: number;
                }[];
                growth?: {
                    /** @description In order: more layers each time, in the last as many as the student has. */
                    stages: {
                        /** @description Transformer layers that are trained in it. */
                        layers: number;
                        /** @description Of `training.epochs`; the shares sum to 1. Default: equal shares. */
                        share: number;
                    }[];
                    /**
                     * @description What a new layer starts as: the trained layers again from the first on (`stack`, Gong et al. 2019), the last trained layer (`last`), or what the student would have started as (`fresh`).
                     * @default stack
                     * @enum {unknown}
                     */
                    newLayers: "stack" | "last" | "fresh";
                };
            };
            compression?: components["schemas"]["CompressionSpec"];
            sweep?: components["schemas"]["SweepSpec"];
            auto?: components["schemas"]["AutoSpec"];
            multiTask?: {
                /**
                 * @description Exponent α: an epoch has rows of a task in proportion to (its rows)^α. 1: every row once; 0: as many of each task, those of small ones several times.
                 * @default 1
                 */
                sampling: number;
                /**
                 * @description By the name of the task.
                 * @default {}
                 */
                tasks: {
                    [key: string]: {
                        /** @description Factor on the loss of its rows; default 1. */
                        weight?: number;
                        /** @description Least accuracy on the test split; below it the gate is failed. */
                        minAccuracy?: number;
                        /** @description Least agreement with the teacher on the test split; below it the gate is failed. */
                        minAgreement?: number;
                    };
                };
            };
        };
        /** DuplicateTexts */
        DuplicateTexts: {
            /** @description Texts that stand in more than one split, which would flatter the measures. */
            count: number;
            /** @description The first 100 of them. */
            samples: {
                text: string;
                splits: ("train" | "valid" | "test")[];
            }[];
            /** @description Distinct texts that were compared; past 4,194,304 of them new texts are no longer remembered. */
            checked: number;
        };
        /**
         * EncoderStudent
         * @description A small BERT. Its default training.learningRate is 0.001.
         */
        EncoderStudent: {
            /** @enum {string} */
            family: "encoder";
            /**
             * @description Transformer layers.
             * @default 4
             */
            layers: number;
            /**
             * @description Width of the hidden states.
             * @default 256
             */
            width: number;
            /** @description Attention heads; must divide the width. Default: heads of width 32, or the next wider that divide it. */
            heads: number;
            /** @description Width inside the feed-forward layers. Default: 4 · width. */
            intermediate: number;
            /**
             * @description Tokens read of a text, special tokens included; each has a learned position.
             * @default 128
             */
            maxLength: number;
            /**
             * @description Share of activations zeroed while training, where BERT does it; 0 for none.
             * @default 0.1
             */
            dropout: number;
            /**
             * @description What is classified: the mean of the last hidden states, that of the first token, or their mean beside the mean of the words’ embeddings.
             * @default mean
             * @enum {unknown}
             */
            pooling: "mean" | "cls" | "mean-and-words";
            /**
             * @description Width of a hidden layer between the text’s vector and the logits; 0 for none.
             * @default 0
             */
            hidden: number;
            /**
             * @description How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.
             * @default 0
             */
            unseenTokens: number;
            initFrom?: {
                /** @description Layers of the teacher, counted from 0, that the student’s layers start as, one for each. The embeddings come with them. A narrower student starts from their projection. */
                layers: number[];
            };
        };
        /**
         * EncoderStudentInput
         * @description A small BERT. Its default training.learningRate is 0.001.
         */
        EncoderStudentInput: {
            /** @enum {string} */
            family: "encoder";
            /**
             * @description Transformer layers.
             * @default 4
             */
            layers?: number;
            /**
             * @description Width of the hidden states.
             * @default 256
             */
            width?: number;
            /** @description Attention heads; must divide the width. Default: heads of width 32, or the next wider that divide it. */
            heads?: number;
            /** @description Width inside the feed-forward layers. Default: 4 · width. */
            intermediate?: number;
            /**
             * @description Tokens read of a text, special tokens included; each has a learned position.
             * @default 128
             */
            maxLength?: number;
            /**
             * @description Share of activations zeroed while training, where BERT does it; 0 for none.
             * @default 0.1
             */
            dropout?: number;
            /**
             * @description What is classified: the mean of the last hidden states, that of the first token, or their mean beside the mean of the words’ embeddings.
             * @default mean
             * @enum {unknown}
             */
            pooling?: "mean" | "cls" | "mean-and-words";
            /**
             * @description Width of a hidden layer between the text’s vector and the logits; 0 for none.
             * @default 0
             */
            hidden?: number;
            /**
             * @description How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.
             * @default 0
             */
            unseenTokens?: number;
            initFrom?: {
                /** @description Layers of the teacher, counted from 0, that the student’s layers start as, one for each. The embeddings come with them. A narrower student starts from their projection. */
                layers: number[];
            };
        };
        /** FieldProblem */
        FieldProblem: {
            /**
             * @description JSON pointer to the field.
             * @example /spec/training/epochs
             */
            path: string;
            /** @example must be >= 1 */
            message: string;
        };
        /**
         * FloatFigures
         * @description The same student in float32, where `student` is its int8 form.
         */
        FloatFigures: {
            /** @description Accuracy, 0..1. */
            accuracy: number;
            /** @description Agreement with the teacher, 0..1. */
            agreement: number;
            /** @description Bytes of the files needed to answer. */
            bytes: number;
            /** @description Median for one text, one thread, tokenizer included. */
            latencyMs: number;
        };
        /**
         * Gate
         * @description Of one of several tasks: whether the student is what the spec asked for.
         */
        Gate: {
            passed: boolean;
            failures: {
                /** @enum {unknown} */
                measure: "accuracy" | "agreement";
                /** @description What was wanted, 0..1. */
                least: number;
                /** @description What was measured, 0..1. */
                got: number;
            }[];
        };
        /**
         * InferAnswer
         * @description Answer to `input`.
         */
        InferAnswer: {
            /**
             * @description The likeliest label.
             * @example set_alarm
             */
            label: string;
            /**
             * @description Its probability, 0..1.
             * @example 0.98
             */
            confidence: number;
            /** @description The topK likeliest labels, likeliest first. */
            scores: components["schemas"]["LabelScore"][];
            model: components["schemas"]["ServedBy"];
            /** @description Milliseconds that the server took. */
            latencyMs: number;
        };
        /**
         * InferBatchAnswer
         * @description Answer to `inputs`.
         */
        InferBatchAnswer: {
            /** @description In the order of `inputs`. */
            outputs: components["schemas"]["Prediction"][];
            model: components["schemas"]["ServedBy"];
            /** @description Milliseconds that the server took. */
            latencyMs: number;
        };
        /**
         * InferRequest
         * @description Either `input` or `inputs`.
         */
        InferRequest: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description One text. Not empty, at most MAX_TEXT_CHARACTERS (20,000 by default).
             * @example wake me up at seven
             */
            input?: string;
            /** @description Several texts, at most MAX_BATCH_SIZE (256 by default). */
            inputs?: string[];
            /** @description How many scores to answer for each text. Default 1. */
            topK?: number;
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            model?: string;
            /** @description Which deployed version answers. Default `champion`. Not together with `model`. */
            alias?: string;
        };
        /**
         * JobError
         * @description Why a job failed.
         */
        JobError: {
            code: string;
            detail: string;
            hint: string;
        };
        /** LabelScore */
        LabelScore: {
            /** @example set_alarm */
            label: string;
            /** @description Probability, 0..1. */
            score: number;
        };
        /**
         * LatencyFigures
         * @description One thread, tokenizer included: one text, and 32 at once.
         */
        LatencyFigures: {
            one: {
                /** @description Median, milliseconds. */
                p50Ms: number;
                /** @description 99th percentile by nearest rank, milliseconds. */
                p99Ms: number;
            };
            batch32: {
                /** @description Median, milliseconds. */
                p50Ms: number;
                /** @description 99th percentile by nearest rank, milliseconds. */
                p99Ms: number;
            };
        };
        /**
         * Lineage
         * @description Where a model comes from: enough to make it again.
         */
        Lineage: {
            dataset: {
                id?: string;
                /** @description sha256 of the canonical rows. */
                digest: string;
                /** @description Rows. */
                rows: number;
            };
            teacher: {
                id?: string;
                name?: string;
                /** @description Over the files that decide its answers. */
                digest: string;
            };
            /** @description All teachers, where there were several; the first is `teacher`. */
            teachers?: {
                id?: string;
                name?: string;
                /** @description Over the files that decide its answers. */
                digest: string;
            }[];
            spec: components["schemas"]["DistillationSpec"];
            seed: number;
            /** @description Version of Retort that trained it. */
            codeVersion: string;
            distillationId?: string;
            /** @description All tasks that the student answers, where it is of several. */
            tasks?: string[];
        } & {
            [key: string]: unknown;
        };
        /** Liveness */
        Liveness: {
            /** @enum {string} */
            status: "ok";
        };
        /**
         * Model
         * @description A packaged student: a Hugging Face folder, with its lineage and measures.
         */
        Model: {
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            id: string;
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /** @description 1, 2, 3… within the task. */
            version: number;
            /**
             * @description Id of a distillation.
             * @example dst_9c41d7be02aa4f6e
             */
            distillation: string;
            /**
             * @description sha256, hexadecimal.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            digest: string;
            /** @description Size of all files. */
            bytes: number;
            files: components["schemas"]["ModelFile"][];
            /** @description Aliases of the task that point at it now. */
            aliases: string[];
            lineage: components["schemas"]["Lineage"];
            metrics: components["schemas"]["StudentMetrics"];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
        };
        /** ModelFile */
        ModelFile: {
            path: string;
            /**
             * @description sha256, hexadecimal.
             * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
             */
            digest: string;
            /** @description Size. */
            bytes: number;
        };
        /** ModelPage */
        ModelPage: {
            items: components["schemas"]["Model"][];
            nextCursor: string | null;
        };
        /** ModelPort */
        ModelPort: {
            name: string;
            /**
             * @description ONNX element type.
             * @example int64
             */
            type: string;
            /** @description A number, the name of a dynamic dimension, or null. */
            shape: (number | string | null)[];
        };
        /** NewApiKey */
        NewApiKey: {
            /**
             * @description Id of an API key.
             * @example key_4a6b8c0d2e4f6a8b
             */
            id: string;
            /** @example support-agent */
            name: string;
            /**
             * @description `infer` asks models; `submit` also brings data, teachers and jobs, and reads everything; `admin` may do all.
             * @example [
             *       "infer"
             *     ]
             */
            scopes: ("admin" | "submit" | "infer")[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            lastUsedAt: string | null;
            revokedAt: string | null;
            /** @description The key itself. It is shown this once and kept only as a hash. */
            key: string;
        };
        /** OutOfScopeFigures */
        OutOfScopeFigures: {
            /** @description Probability that a text in scope gets the higher confidence; 0.5 is chance, 0..1. */
            auroc: number;
            /** @description Share of the texts out of scope below the confidence that 95% of those in scope reach, 0..1. */
            recallAt95: number;
        };
        /**
         * PredictRequest
         * @description Either `input` or `inputs`.
         */
        PredictRequest: {
            /**
             * @description One text. Not empty, at most MAX_TEXT_CHARACTERS (20,000 by default).
             * @example wake me up at seven
             */
            input?: string;
            /** @description Several texts, at most MAX_BATCH_SIZE (256 by default). */
            inputs?: string[];
            /** @description How many scores to answer for each text. Default 1. */
            topK?: number;
        };
        /** Prediction */
        Prediction: {
            /**
             * @description The likeliest label.
             * @example set_alarm
             */
            label: string;
            /**
             * @description Its probability, 0..1.
             * @example 0.98
             */
            confidence: number;
            /** @description The topK likeliest labels, likeliest first. */
            scores: components["schemas"]["LabelScore"][];
        };
        /**
         * Problem
         * @description Problem details (RFC 9457).
         * @example {
         *       "type": "urn:retort:error:RT_NOT_FOUND",
         *       "title": "Not found",
         *       "status": 404,
         *       "code": "RT_NOT_FOUND",
         *       "detail": "There is no task \"assistent\".",
         *       "hint": "Check the id or the path.",
         *       "requestId": "6c1f0e0c-8f3f-4f0b-9a44-0c1b4f1f5a3e"
         *     }
         */
        Problem: {
            /** @description Stable reference to the error in the documentation. */
            type: string;
            title: string;
            status: number;
            /**
             * @description Stable code from the error table.
             * @enum {unknown}
             */
            code: "RT_BAD_REQUEST" | "RT_INVALID_FIELD" | "RT_INVALID_TEXT" | "RT_INVALID_SPEC" | "RT_UNAUTHENTICATED" | "RT_FORBIDDEN" | "RT_NOT_FOUND" | "RT_METHOD_NOT_ALLOWED" | "RT_REQUEST_TIMEOUT" | "RT_CONFLICT" | "RT_TOO_LARGE" | "RT_UNSUPPORTED_MEDIA_TYPE" | "RT_INVALID_DATASET" | "RT_INVALID_TEACHER" | "RT_INVALID_MODEL" | "RT_UNSUPPORTED_OP" | "RT_INVALID_CHECKPOINT" | "RT_NO_MODEL" | "RT_RATE_LIMITED" | "RT_CANCELLED" | "RT_HEADERS_TOO_LARGE" | "RT_TRAINING_DIVERGED" | "RT_WORKER_LOST" | "RT_INTERNAL" | "RT_UNAVAILABLE";
            /** @description What was wrong with this request. */
            detail: string;
            /** @description What to do. */
            hint: string;
            /** @description Every field that was found wrong. */
            problems?: components["schemas"]["FieldProblem"][];
            /** @description The `x-request-id` of the answer; the server log has it. */
            requestId?: string;
        };
        /** Progress */
        Progress: {
            /** @enum {unknown} */
            stage: "labelling" | "searching" | "training" | "evaluating" | "packaging";
            /** @description Units done (texts, steps, files). */
            done: number;
            total: number;
            ratePerSecond: number;
            secondsLeft: number | null;
            note?: string;
        };
        /**
         * Readiness
         * @description Every dependency answered.
         */
        Readiness: {
            /** @enum {string} */
            status: "ready";
            checks: {
                [key: string]: "ok";
            };
        };
        /** RejectedRows */
        RejectedRows: {
            /** @description Rows that were refused. */
            count: number;
            /** @description The first 100 of them. */
            samples: {
                /** @description Line of the file where the row begins, from 1. */
                line: number;
                /** @example text is empty */
                reason: string;
            }[];
        };
        /**
         * ServedBy
         * @description The model version that answered.
         */
        ServedBy: {
            /**
             * @description Id of a model version.
             * @example mdl_0d9e3f5a7b1c2e4f
             */
            id: string;
            version: number;
            alias: string | null;
        };
        /**
         * SplitCounts
         * @description Rows per split.
         */
        SplitCounts: {
            /** @description Training rows. */
            train: number;
            /** @description Validation rows. */
            valid: number;
            /** @description Test rows. */
            test: number;
        };
        /** StageMetrics */
        StageMetrics: {
            /** @description An assistant, a depth of a growing student, or last the student. */
            stage: string;
            /** @description Trainable numbers. */
            parameters: number;
            /** @description Epochs that were trained. */
            epochs: number;
            /** @description Epoch whose weights were kept. */
            bestEpoch: number;
            /** @description Mean training loss of that epoch. */
            loss: number;
            validation?: {
                /** @description Accuracy on the validation rows, 0..1. */
                accuracy?: number;
                /** @description Share of validation texts that it and the teacher answer alike, 0..1. */
                agreement: number;
            };
            /** @description Seconds of training. */
            seconds: number;
        };
        /** StaticStudent */
        StaticStudent: {
            /** @enum {string} */
            family: "static";
            /**
             * @description What n-grams are made of: characters, or the tokens of a teacher with a WordPiece or Unigram tokenizer, trimmed to the data.
             * @default characters
             * @enum {unknown}
             */
            tokens: "characters" | "teacher";
            /**
             * @description Width of a table of the tokens by themselves, beside the n-grams; 0 for none. Of a teacher's tokens the default is 256, and the rows start as the principal components of its own embeddings.
             * @default 0
             */
            tokenWidth: number;
            /**
             * @description How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Needs a table of its tokens. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.
             * @default 0
             */
            unseenTokens: number;
            /**
             * @description Embedding width per n-gram order.
             * @default 64
             */
            width: number;
            /**
             * @description Rows of the hashed n-gram table (the bytes on disk are about 4 · width · buckets).
             * @default 16384
             */
            buckets: number;
            /**
             * @description Shortest n-gram. Of a teacher’s tokens the default is 2.
             * @default 2
             */
            minGram: number;
            /**
             * @description Longest n-gram. Of a teacher’s tokens the default is 2.
             * @default 5
             */
            maxGram: number;
            /**
             * @description Width of the hidden layer; 0 for none. Of a teacher’s tokens the default is 1024.
             * @default 256
             */
            hidden: number;
            /**
             * @description Tokens read of a text. Of a teacher’s tokens the default is 128.
             * @default 256
             */
            maxLength: number;
        };
        /** StaticStudentInput */
        StaticStudentInput: {
            /** @enum {string} */
            family?: "static";
            /**
             * @description What n-grams are made of: characters, or the tokens of a teacher with a WordPiece or Unigram tokenizer, trimmed to the data.
             * @default characters
             * @enum {unknown}
             */
            tokens?: "characters" | "teacher";
            /**
             * @description Width of a table of the tokens by themselves, beside the n-grams; 0 for none. Of a teacher's tokens the default is 256, and the rows start as the principal components of its own embeddings.
             * @default 0
             */
            tokenWidth?: number;
            /**
             * @description How many tokens of the teacher's vocabulary, the first that the training text has not, the student reads too. Needs a table of its tokens. Their rows are mapped from the teacher's once it is trained. Each is a row of the table of tokens. None are added where the teacher has no float32 table of its tokens, or the student's cannot be told from it.
             * @default 0
             */
            unseenTokens?: number;
            /**
             * @description Embedding width per n-gram order.
             * @default 64
             */
            width?: number;
            /**
             * @description Rows of the hashed n-gram table (the bytes on disk are about 4 · width · buckets).
             * @default 16384
             */
            buckets?: number;
            /**
             * @description Shortest n-gram. Of a teacher’s tokens the default is 2.
             * @default 2
             */
            minGram?: number;
            /**
             * @description Longest n-gram. Of a teacher’s tokens the default is 2.
             * @default 5
             */
            maxGram?: number;
            /**
             * @description Width of the hidden layer; 0 for none. Of a teacher’s tokens the default is 1024.
             * @default 256
             */
            hidden?: number;
            /**
             * @description Tokens read of a text. Of a teacher’s tokens the default is 128.
             * @default 256
             */
            maxLength?: number;
        };
        /** StudentBudget */
        StudentBudget: {
            /** @description Most milliseconds for one text, median, one thread, tokenizer included, on the machine that trains. */
            latencyMs?: number;
            /** @description Most bytes of the files needed to answer. */
            bytes?: number;
        };
        /** StudentFigures */
        StudentFigures: {
            /** @description Accuracy, 0..1. */
            accuracy: number;
            /** @description Share of test texts that student and teacher answer alike, 0..1. */
            agreement: number;
            /** @description Bytes of the files needed to answer. */
            bytes: number;
            /** @description Median for one text, one thread, tokenizer included. */
            latencyMs: number;
            /** @description Mean F1 of the labels, 0..1. */
            macroF1: number;
            /** @description Mean KL(teacher‖student), nats, of the answers as they are given. */
            klToTeacher: number;
            /** @description The same before the student’s logits were divided by its temperature. */
            uncalibratedKl?: number;
            /** @description Expected calibration error, 15 bins, 0..1. */
            calibrationError: number;
            /** @description The same before the temperature was fitted, 0..1. */
            uncalibratedError?: number;
            /** @description Trainable numbers. */
            parameters: number;
            /** @description Floating point operations for one test text of median length: those of the matrix products. */
            flops?: number;
            latency?: components["schemas"]["LatencyFigures"];
        };
        /**
         * StudentMetrics
         * @description Measured on the test split.
         */
        StudentMetrics: {
            teacher: components["schemas"]["TeacherFigures"];
            /** @description Each of several teachers by itself. */
            teachers?: {
                name?: string;
                /** @description Accuracy of its own answers, 0..1. */
                accuracy: number;
                /** @description Bytes of the files needed to answer. */
                bytes: number;
                /** @description Median for one text, one thread, tokenizer included. */
                latencyMs: number;
                /** @description What its logits were divided by before they were combined. */
                temperature: number;
            }[];
            student: components["schemas"]["StudentFigures"];
            /** @description Teacher latency over student latency. */
            speedup: number;
            /** @description Rows that were measured on, without those out of scope. */
            testRows: number;
            /** @description Epoch whose weights were kept. */
            bestEpoch: number;
            /** @description What the best epoch was chosen by, on the validation split. */
            validation?: {
                /** @enum {unknown} */
                metric: "accuracy" | "agreement";
                /** @description Its value, 0..1. */
                value: number;
            };
            /** @description How well the confidences tell texts of the task from others, where the test split has such. */
            outOfScope?: {
                label: string;
                /** @description Test rows out of scope. */
                rows: number;
                teacher: components["schemas"]["OutOfScopeFigures"];
                student: components["schemas"]["OutOfScopeFigures"];
            };
            temperatures?: components["schemas"]["Temperatures"];
            teacherQueries?: components["schemas"]["TeacherQueries"];
            transferSet?: components["schemas"]["TransferSetCounts"];
            /** @description Where it was trained in several, in order. */
            stages?: components["schemas"]["StageMetrics"][];
            perClass: {
                label: string;
                /** @description Precision, 0..1. */
                precision: number;
                /** @description Recall, 0..1. */
                recall: number;
                /** @description F1, 0..1. */
                f1: number;
                /** @description Test rows of the label. */
                support: number;
            }[];
            /** @description Most frequent mistakes. */
            confusions: {
                actual: string;
                predicted: string;
                /** @description Times. */
                count: number;
            }[];
            /** @description What the student reads beside the words of its training text. */
            unseenTokens?: {
                /** @description Tokens that the training text has not, and the student reads. */
                added: number;
                /** @description R² of the map that made their rows, on tokens that were held out. */
                fit: number;
            };
            /** @description Steps of compression, in order. */
            compression?: components["schemas"]["CompressionRecord"][];
            gate?: components["schemas"]["Gate"];
            float?: components["schemas"]["FloatFigures"];
        } & {
            [key: string]: unknown;
        };
        /** SweepSpec */
        SweepSpec: {
            /** @description What to try for each field, by its JSON pointer into the spec, such as "/loss/temperature". Of a transfer set: multiply, minConfidence and keepLabels, since its texts are generated and labelled once for all trials, as many as the trial with the greatest multiply needs. Fields of loss and training are varied for an assistant too where it has the value of the whole spec. */
            space: {
                [key: string]: {
                    /** @description Least value. */
                    min: number;
                    /** @description Greatest value. */
                    max: number;
                    /**
                     * @description What is drawn uniformly: the value (linear, the default) or its logarithm (log).
                     * @enum {unknown}
                     */
                    scale?: "linear" | "log";
                } | {
                    values: (number | string | boolean)[];
                };
            };
            /**
             * @description random: every trial trains in full. successive-halving: all train for a few epochs, the best of them for eta times as many, and so on.
             * @default successive-halving
             * @enum {unknown}
             */
            method: "random" | "successive-halving";
            /**
             * @description Points of the space to try.
             * @default 20
             */
            trials: number;
            /**
             * @description Of successive halving: one in this many goes on, for this many times the epochs.
             * @default 3
             */
            eta: number;
            /**
             * @description Of successive halving: share of the epochs that all trials train for at first.
             * @default 0.125
             */
            firstShare: number;
            /** @description Minutes that trials may take, summed over them. The trial that runs out of them is stopped; the first always ends. */
            minutes?: number;
            /**
             * @description A trial stops after this many epochs in a row without a better validation metric; 0 for never.
             * @default 3
             */
            patience: number;
            /**
             * @description Of the validation rows: the share answered with their label, or with the answer of the teacher.
             * @default accuracy
             * @enum {unknown}
             */
            metric: "accuracy" | "agreement";
            /**
             * @description Draws the points.
             * @default 1
             */
            seed: number;
        };
        /** SweepSpecInput */
        SweepSpecInput: {
            /** @description What to try for each field, by its JSON pointer into the spec, such as "/loss/temperature". Of a transfer set: multiply, minConfidence and keepLabels, since its texts are generated and labelled once for all trials, as many as the trial with the greatest multiply needs. Fields of loss and training are varied for an assistant too where it has the value of the whole spec. */
            space: {
                [key: string]: {
                    /** @description Least value. */
                    min: number;
                    /** @description Greatest value. */
                    max: number;
                    /**
                     * @description What is drawn uniformly: the value (linear, the default) or its logarithm (log).
                     * @enum {unknown}
                     */
                    scale?: "linear" | "log";
                } | {
                    values: (number | string | boolean)[];
                };
            };
            /**
             * @description random: every trial trains in full. successive-halving: all train for a few epochs, the best of them for eta times as many, and so on.
             * @default successive-halving
             * @enum {unknown}
             */
            method?: "random" | "successive-halving";
            /**
             * @description Points of the space to try.
             * @default 20
             */
            trials?: number;
            /**
             * @description Of successive halving: one in this many goes on, for this many times the epochs.
             * @default 3
             */
            eta?: number;
            /**
             * @description Of successive halving: share of the epochs that all trials train for at first.
             * @default 0.125
             */
            firstShare?: number;
            /** @description Minutes that trials may take, summed over them. The trial that runs out of them is stopped; the first always ends. */
            minutes?: number;
            /**
             * @description A trial stops after this many epochs in a row without a better validation metric; 0 for never.
             * @default 3
             */
            patience?: number;
            /**
             * @description Of the validation rows: the share answered with their label, or with the answer of the teacher.
             * @default accuracy
             * @enum {unknown}
             */
            metric?: "accuracy" | "agreement";
            /**
             * @description Draws the points.
             * @default 1
             */
            seed?: number;
        };
        /**
         * Task
         * @description What an agent needs answered, and the labels it may be answered with.
         */
        Task: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            name: string;
            /**
             * @description Only text classification for now.
             * @enum {string}
             */
            kind: "classification";
            /**
             * @description For people.
             * @example The assistant's intents
             */
            description: string;
            /**
             * @description Ordered label names. Empty until given or taken from the first labelled dataset; fixed from then on.
             * @example [
             *       "set_alarm",
             *       "play_music",
             *       "out_of_scope"
             *     ]
             */
            labels: string[];
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            updatedAt: string;
        };
        /**
         * TaskInput
         * @description What is left out keeps its value, or gets the default in a new task.
         */
        TaskInput: {
            /**
             * @description Only text classification for now.
             * @enum {string}
             */
            kind?: "classification";
            /**
             * @description For people.
             * @example The assistant's intents
             */
            description?: string;
            /**
             * @description Ordered label names. Empty until given or taken from the first labelled dataset; fixed from then on.
             * @example [
             *       "set_alarm",
             *       "play_music",
             *       "out_of_scope"
             *     ]
             */
            labels?: string[];
        };
        /**
         * TaskOfDistillation
         * @description One of the tasks that the student of a job answers.
         */
        TaskOfDistillation: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset: string;
            /**
             * @description Id of a teacher.
             * @example tch_5b8e1d0a7c3f4e2b
             */
            teacher: string;
            metrics: components["schemas"]["StudentMetrics"] | null;
            model: string | null;
        };
        /** TaskOfDistillationInput */
        TaskOfDistillationInput: {
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task: string;
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset: string;
            /**
             * @description Id of a teacher.
             * @example tch_5b8e1d0a7c3f4e2b
             */
            teacher: string;
        };
        /** TaskPage */
        TaskPage: {
            items: components["schemas"]["Task"][];
            nextCursor: string | null;
        };
        /**
         * Teacher
         * @description A model that answers with soft labels.
         */
        Teacher: {
            /**
             * @description Id of a teacher.
             * @example tch_5b8e1d0a7c3f4e2b
             */
            id: string;
            name: string;
            /** @enum {unknown} */
            kind: "onnx-classifier" | "onnx-encoder";
            /**
             * @description `training` until an encoder has learned its labels.
             * @enum {unknown}
             */
            status: "training" | "ready" | "failed" | "cancelled";
            task: string | null;
            head: {
                /**
                 * @description Id of a dataset.
                 * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
                 */
                dataset: string;
                seed: number;
            } | null;
            train: {
                /**
                 * @description Id of a dataset.
                 * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
                 */
                dataset: string;
                seed: number;
                /** @description Default 5, and for small datasets as many more as make 300 steps, at most 30. */
                epochs?: number;
                /** @default 32 */
                batchSize: number;
                /**
                 * @description Peak rate of AdamW for the last layer.
                 * @default 0.0002
                 */
                learningRate: number;
                /**
                 * @description Peak rate for the head, which begins with nothing learned.
                 * @default 0.002
                 */
                headLearningRate: number;
                /**
                 * @description Factor on the rate from each layer to the one before it.
                 * @default 0.9
                 */
                layerDecay: number;
                /**
                 * @description Share of the steps over which the rate rises.
                 * @default 0.08
                 */
                warmup: number;
                /**
                 * @description Of AdamW, per unit of learning rate.
                 * @default 0.01
                 */
                weightDecay: number;
                /**
                 * @description Share of each target that is spread over all labels.
                 * @default 0.1
                 */
                labelSmoothing: number;
                /**
                 * @description Decay of the exponential moving average of the weights that becomes the teacher; 0 for none.
                 * @default 0
                 */
                averageDecay: number;
                /**
                 * @description Stop after this many epochs in a row without a better validation accuracy; 0 for never.
                 * @default 0
                 */
                patience: number;
                /**
                 * @description Leaves the embedding tables and their norm as they are.
                 * @default false
                 */
                freezeEmbeddings: boolean;
                /**
                 * @description Leaves the first layers as they are, and the embeddings with them.
                 * @default 0
                 */
                freezeLayers: number;
                /**
                 * @description Tokens that are learned from of a text.
                 * @default 128
                 */
                maxLength: number;
                /**
                 * @description Width of the head's hidden layer; 0 for none.
                 * @default 0
                 */
                hidden: number;
            } | null;
            digest: string | null;
            /** @description In the order of its logits. */
            labels: string[];
            manifest: components["schemas"]["TeacherManifest"];
            progress: components["schemas"]["TeacherProgress"] | null;
            metrics: {
                [key: string]: unknown;
            } | null;
            error: components["schemas"]["JobError"] | null;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description ISO 8601, UTC, milliseconds.
             * @example 2026-01-31T12:00:00.000Z
             */
            updatedAt: string;
        };
        /**
         * TeacherAnswer
         * @description Answer to `input`.
         */
        TeacherAnswer: {
            /**
             * @description The likeliest label.
             * @example set_alarm
             */
            label: string;
            /**
             * @description Its probability, 0..1.
             * @example 0.98
             */
            confidence: number;
            /** @description The topK likeliest labels, likeliest first. */
            scores: components["schemas"]["LabelScore"][];
            /** @description Milliseconds that the server took. */
            latencyMs: number;
        };
        /**
         * TeacherBatchAnswer
         * @description Answer to `inputs`.
         */
        TeacherBatchAnswer: {
            /** @description In the order of `inputs`. */
            outputs: components["schemas"]["Prediction"][];
            /** @description Milliseconds that the server took. */
            latencyMs: number;
        };
        /**
         * TeacherFigures
         * @description Of several teachers: their combined answer, and sums.
         */
        TeacherFigures: {
            /** @description Accuracy, 0..1. */
            accuracy: number;
            /** @description Bytes of the files needed to answer. */
            bytes: number;
            /** @description Median for one text, one thread, tokenizer included. */
            latencyMs: number;
            /** @description Mean F1 of the labels, 0..1. */
            macroF1?: number;
            /** @description Expected calibration error, 15 bins, 0..1. */
            calibrationError?: number;
            latency?: components["schemas"]["LatencyFigures"];
        };
        /**
         * TeacherHead
         * @description The labelled rows that the head of an encoder is trained on.
         */
        TeacherHead: {
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset: string;
            /** @description Of initial weights and order. Default 1. */
            seed?: number;
        };
        /** TeacherInput */
        TeacherInput: {
            /**
             * @description For people.
             * @example use-lite
             */
            name: string;
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task?: string;
            /**
             * @description What the folder must hold. Left out: `onnx-encoder` if `head` or `train` is given, else `onnx-classifier`.
             * @enum {unknown}
             */
            kind?: "onnx-classifier" | "onnx-encoder";
            /**
             * @description How an encoder's token vectors become one. Left out: as the folder says, else the mean.
             * @enum {unknown}
             */
            pooling?: "mean" | "cls" | "none";
            head?: components["schemas"]["TeacherHead"];
            train?: components["schemas"]["TeacherTraining"];
            /**
             * @description A folder on the server's disk, below one of its MODEL_ROOTS.
             * @example /models/minilm-l6
             */
            path: string;
        };
        /**
         * TeacherManifest
         * @description What was found in the folder at registration.
         */
        TeacherManifest: {
            /** @example onnx/model.onnx */
            modelFile: string;
            files: components["schemas"]["ModelFile"][];
            inputs: components["schemas"]["ModelPort"][];
            outputs: components["schemas"]["ModelPort"][];
            tokenizer: {
                /** @example WordPiece */
                type: string;
                /** @description Tokens that it knows. */
                vocabulary: number;
                /** @description Tokens that are read of a text. */
                maxLength: number;
            };
            embedding?: {
                output: string;
                /** @description Width of the vector. */
                width: number;
                /** @enum {unknown} */
                pooling: "mean" | "cls" | "none";
            };
        };
        /** TeacherPage */
        TeacherPage: {
            items: components["schemas"]["Teacher"][];
            nextCursor: string | null;
        };
        /** TeacherProgress */
        TeacherProgress: {
            done: number;
            total: number;
        } & {
            [key: string]: unknown;
        };
        /** TeacherQueries */
        TeacherQueries: {
            /** @description Most questions, as known at submission. */
            upperBound: number;
            /** @description Questions expected at submission, with nothing in the cache. */
            estimated: number;
            /** @description Questions that were asked. */
            made?: number;
            /** @description Texts that were answered without one. */
            cached?: number;
        };
        /**
         * TeacherTraining
         * @description The labelled rows that all of an encoder, or its last layers, are trained on together with a new head, and how. More accurate than a head alone, for minutes instead of seconds.
         */
        TeacherTraining: {
            /**
             * @description Id of a dataset.
             * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
             */
            dataset: string;
            /** @description Of initial weights and order. Default 1. */
            seed?: number;
            /** @description Default 5, and for small datasets as many more as make 300 steps, at most 30. */
            epochs?: number;
            /** @default 32 */
            batchSize?: number;
            /**
             * @description Peak rate of AdamW for the last layer.
             * @default 0.0002
             */
            learningRate?: number;
            /**
             * @description Peak rate for the head, which begins with nothing learned.
             * @default 0.002
             */
            headLearningRate?: number;
            /**
             * @description Factor on the rate from each layer to the one before it.
             * @default 0.9
             */
            layerDecay?: number;
            /**
             * @description Share of the steps over which the rate rises.
             * @default 0.08
             */
            warmup?: number;
            /**
             * @description Of AdamW, per unit of learning rate.
             * @default 0.01
             */
            weightDecay?: number;
            /**
             * @description Share of each target that is spread over all labels.
             * @default 0.1
             */
            labelSmoothing?: number;
            /**
             * @description Decay of the exponential moving average of the weights that becomes the teacher; 0 for none.
             * @default 0
             */
            averageDecay?: number;
            /**
             * @description Stop after this many epochs in a row without a better validation accuracy; 0 for never.
             * @default 0
             */
            patience?: number;
            /**
             * @description Leaves the embedding tables and their norm as they are.
             * @default false
             */
            freezeEmbeddings?: boolean;
            /**
             * @description Leaves the first layers as they are, and the embeddings with them.
             * @default 0
             */
            freezeLayers?: number;
            /**
             * @description Tokens that are learned from of a text.
             * @default 128
             */
            maxLength?: number;
            /**
             * @description Width of the head's hidden layer; 0 for none.
             * @default 0
             */
            hidden?: number;
        };
        /** TeacherUpload */
        TeacherUpload: {
            /**
             * @description For people.
             * @example use-lite
             */
            name: string;
            /**
             * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
             * @example assistant
             */
            task?: string;
            /**
             * @description What the folder must hold. Left out: `onnx-encoder` if `head` or `train` is given, else `onnx-classifier`.
             * @enum {unknown}
             */
            kind?: "onnx-classifier" | "onnx-encoder";
            /**
             * @description How an encoder's token vectors become one. Left out: as the folder says, else the mean.
             * @enum {unknown}
             */
            pooling?: "mean" | "cls" | "none";
            head?: components["schemas"]["TeacherHead"];
            train?: components["schemas"]["TeacherTraining"];
            /** @description The files of the folder; each file name is the path within it (`onnx/model.onnx`). Fields come first. */
            files: Blob[];
        };
        /**
         * Temperatures
         * @description What logits were divided by, fitted on validation rows; 1 where there was none to fit to.
         */
        Temperatures: {
            /** @description Those of the student. */
            student: number;
            /** @description Those of the teacher before they were learned from, with softLabels.calibrate. */
            softLabels?: number;
        };
        /** TrainingSpec */
        TrainingSpec: {
            /** @default 15 */
            epochs: number;
            /**
             * @description Rows of one run of the graph.
             * @default 64
             */
            batchSize: number;
            /**
             * @description Batches whose gradients make one step: it learns from accumulate · batchSize rows.
             * @default 1
             */
            accumulate: number;
            /**
             * @default adamw
             * @enum {unknown}
             */
            optimizer: "adamw" | "sgd";
            /**
             * @description Peak learning rate.
             * @default 0.01
             */
            learningRate: number;
            /**
             * @description Of SGD.
             * @default 0.9
             */
            momentum: number;
            /**
             * @description Whether SGD looks ahead by its momentum.
             * @default false
             */
            nesterov: boolean;
            /**
             * @description Of matrices and tables. AdamW: decoupled, per unit of learning rate. SGD: added to the gradient.
             * @default 0.01
             */
            weightDecay: number;
            /**
             * @description Largest norm of the whole gradient; a longer one is scaled down to it.
             * @default 1
             */
            clipNorm: number;
            /**
             * @description How the learning rate goes on from its peak.
             * @default cosine
             * @enum {unknown}
             */
            schedule: "constant" | "linear" | "cosine" | "one-cycle";
            /** @description Share of the steps over which the learning rate rises; default 0.05, of one-cycle 0.3. */
            warmup?: number;
            /**
             * @description Decay of the exponential moving average of the weights that becomes the student; 0 for none.
             * @default 0
             */
            averageDecay: number;
            /**
             * @description α of mixup (Zhang et al. 2018): the student also learns from mixtures μ, 1 - μ of the vectors of two texts of a batch, with μ drawn from Beta(α, α) for each batch; 0 for none.
             * @default 0
             */
            mixup: number;
            /**
             * @description Stop after this many epochs in a row without a better validation metric; 0 for never.
             * @default 0
             */
            patience: number;
            /**
             * @description By how much the metric must rise to count as better.
             * @default 0
             */
            minDelta: number;
            /** @default 1 */
            seed: number;
        };
        /** TrainingSpecInput */
        TrainingSpecInput: {
            /** @default 15 */
            epochs?: number;
            /**
             * @description Rows of one run of the graph.
             * @default 64
             */
            batchSize?: number;
            /**
             * @description Batches whose gradients make one step: it learns from accumulate · batchSize rows.
             * @default 1
             */
            accumulate?: number;
            /**
             * @default adamw
             * @enum {unknown}
             */
            optimizer?: "adamw" | "sgd";
            /**
             * @description Peak learning rate.
             * @default 0.01
             */
            learningRate?: number;
            /**
             * @description Of SGD.
             * @default 0.9
             */
            momentum?: number;
            /**
             * @description Whether SGD looks ahead by its momentum.
             * @default false
             */
            nesterov?: boolean;
            /**
             * @description Of matrices and tables. AdamW: decoupled, per unit of learning rate. SGD: added to the gradient.
             * @default 0.01
             */
            weightDecay?: number;
            /**
             * @description Largest norm of the whole gradient; a longer one is scaled down to it.
             * @default 1
             */
            clipNorm?: number;
            /**
             * @description How the learning rate goes on from its peak.
             * @default cosine
             * @enum {unknown}
             */
            schedule?: "constant" | "linear" | "cosine" | "one-cycle";
            /** @description Share of the steps over which the learning rate rises; default 0.05, of one-cycle 0.3. */
            warmup?: number;
            /**
             * @description Decay of the exponential moving average of the weights that becomes the student; 0 for none.
             * @default 0
             */
            averageDecay?: number;
            /**
             * @description α of mixup (Zhang et al. 2018): the student also learns from mixtures μ, 1 - μ of the vectors of two texts of a batch, with μ drawn from Beta(α, α) for each batch; 0 for none.
             * @default 0
             */
            mixup?: number;
            /**
             * @description Stop after this many epochs in a row without a better validation metric; 0 for never.
             * @default 0
             */
            patience?: number;
            /**
             * @description By how much the metric must rise to count as better.
             * @default 0
             */
            minDelta?: number;
            /** @default 1 */
            seed?: number;
        };
        /** TransferSet */
        TransferSet: {
            /**
             * @description New texts for each training text; 0 for none.
             * @default 10
             */
            multiply: number;
            /**
             * @description Strategies with their shares.
             * @default {
             *       "token-dropout": 1,
             *       "swap": 1,
             *       "masked-replacement": 1,
             *       "span-mixing": 1,
             *       "typo": 1
             *     }
             */
            strategies: {
                /** @description Leaves words out. */
                "token-dropout"?: number;
                /** @description Exchanges neighbouring words, or two that stand apart. */
                swap?: number;
                /** @description Replaces words by others that the training split has between the same two, by its counts of words and pairs of words. */
                "masked-replacement"?: number;
                /** @description Replaces words by words near them in the embedding table of the teacher; that needs a WordPiece or Unigram teacher with a float32 table. */
                "neighbour-replacement"?: number;
                /** @description Replaces rare words by more frequent ones near them in the embedding table of the teacher, which it needs too. */
                "back-off"?: number;
                /** @description Joins spans of two texts of the same class: of one label, else of one answer of the teacher. */
                "span-mixing"?: number;
                /** @description Mistypes letters: a neighbour on the keyboard, one left out, doubled or exchanged with the next. */
                typo?: number;
            };
            /**
             * @description Share of the words of a text that is changed, at least one word. Span mixing has its own.
             * @default 0.15
             */
            strength: number;
            /**
             * @description Generated texts to whose likeliest label the teacher's softmax gives less are left out.
             * @default 0.3
             */
            minConfidence: number;
            /**
             * @description Most texts that are generated, whatever multiply says.
             * @default 200000
             */
            maxTexts: number;
            /**
             * @description Whether training texts without a label are varied too. (They train in any case.)
             * @default true
             */
            includeUnlabelled: boolean;
            /**
             * @description Whether a generated text keeps the label of its source where the teacher answers the same.
             * @default false
             */
            keepLabels: boolean;
            /** @description Of the generation. Default: training.seed. */
            seed?: number;
        };
        /** TransferSetCounts */
        TransferSetCounts: {
            /** @description Training texts that came without a label. */
            unlabelled: number;
            /** @description Of these, left out as equal to a text of another split, to a labelled one or to one before. */
            repeated?: number;
            /** @description Training texts that new ones were made of. */
            sources: number;
            /** @description Texts that the strategies made. */
            generated: number;
            /** @description Of these, removed as equal to another one or to a text of the data set, of any split. */
            duplicates: number;
            /** @description Of the rest, left out since the teacher was not sure. */
            filtered?: number;
            /** @description Generated texts that the student is trained on. */
            kept?: number;
        };
        /** TransferSetInput */
        TransferSetInput: {
            /**
             * @description New texts for each training text; 0 for none.
             * @default 10
             */
            multiply?: number;
            strategies?: {
                /** @description Leaves words out. */
                "token-dropout"?: number;
                /** @description Exchanges neighbouring words, or two that stand apart. */
                swap?: number;
                /** @description Replaces words by others that the training split has between the same two, by its counts of words and pairs of words. */
                "masked-replacement"?: number;
                /** @description Replaces words by words near them in the embedding table of the teacher; that needs a WordPiece or Unigram teacher with a float32 table. */
                "neighbour-replacement"?: number;
                /** @description Replaces rare words by more frequent ones near them in the embedding table of the teacher, which it needs too. */
                "back-off"?: number;
                /** @description Joins spans of two texts of the same class: of one label, else of one answer of the teacher. */
                "span-mixing"?: number;
                /** @description Mistypes letters: a neighbour on the keyboard, one left out, doubled or exchanged with the next. */
                typo?: number;
            } | ("token-dropout" | "swap" | "masked-replacement" | "neighbour-replacement" | "back-off" | "span-mixing" | "typo")[];
            /**
             * @description Share of the words of a text that is changed, at least one word. Span mixing has its own.
             * @default 0.15
             */
            strength?: number;
            /**
             * @description Generated texts to whose likeliest label the teacher's softmax gives less are left out.
             * @default 0.3
             */
            minConfidence?: number;
            /**
             * @description Most texts that are generated, whatever multiply says.
             * @default 200000
             */
            maxTexts?: number;
            /**
             * @description Whether training texts without a label are varied too. (They train in any case.)
             * @default true
             */
            includeUnlabelled?: boolean;
            /**
             * @description Whether a generated text keeps the label of its source where the teacher answers the same.
             * @default false
             */
            keepLabels?: boolean;
            /** @description Of the generation. Default: training.seed. */
            seed?: number;
        };
        /**
         * Trial
         * @description One training of a search for the spec.
         */
        Trial: {
            /** @description Round of the search; a candidate that was promoted has a trial in each. */
            rung: number;
            /** @description Of the candidate. */
            index: number;
            /** @description What the search set, by JSON pointer into the spec; of "auto", the student. */
            varied: {
                [key: string]: unknown;
            };
            /**
             * @description failed: it diverged, was stopped when the minutes were used up, or its worker died too often.
             * @enum {unknown}
             */
            status: "queued" | "running" | "succeeded" | "failed";
            /** @description Times that a worker began it. */
            attempt: number;
            seconds: number | null;
            measured: components["schemas"]["TrialMeasures"] | null;
            error: string | null;
            startedAt: string | null;
            finishedAt: string | null;
        };
        /** TrialList */
        TrialList: {
            items: components["schemas"]["Trial"][];
        };
        /**
         * TrialMeasures
         * @description Measured on the validation rows.
         */
        TrialMeasures: {
            /** @description The metric of the search, 0..1, on the validation rows. */
            value: number;
            /** @description Validation rows that it was measured on. */
            rows: number;
            /** @description Mean KL(teacher‖student), nats. */
            loss: number;
            /** @description Epochs that it was to train for. */
            epochs: number;
            /** @description Bytes of the files needed to answer. */
            bytes: number;
            /** @description Median for one text, one thread, tokenizer included. */
            latencyMs: number;
            /** @description Teacher latency over student latency, measured in turns. */
            speedup: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It can. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Exposition format. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What an agent needs answered, and the labels it may be answered with. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        /** @description What is left out keeps its value, or gets the default in a new task. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "classification",
                 *       "description": "The assistant's intents"
                 *     }
                 */
                "application/json": components["schemas"]["TaskInput"];
            };
        };
        responses: {
            /** @description What an agent needs answered, and the labels it may be answered with. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description What an agent needs answered, and the labels it may be answered with. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDistillations: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task?: string;
                status?: "queued" | "running" | "succeeded" | "failed" | "cancelled";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DistillationPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submitDistillation: {
        parameters: {
            query?: never;
            header?: {
                /** @description A submission repeated with the same key and body answers the first one’s job (200) instead of a second. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "task": "assistant",
                 *       "dataset": "ds_1f0c8a5c6f0e4b7d9a3e2c41",
                 *       "teacher": "tch_5b8e1d0a7c3f4e2b",
                 *       "spec": {
                 *         "student": {
                 *           "family": "static"
                 *         },
                 *         "loss": {
                 *           "lambda": 0.3,
                 *           "temperature": 2
                 *         },
                 *         "training": {
                 *           "epochs": 30,
                 *           "seed": 1
                 *         }
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["DistillationInput"];
            };
        };
        responses: {
            /** @description One job: soft labels, training, evaluation, packaging. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Distillation"];
                };
            };
            /** @description One job: soft labels, training, evaluation, packaging. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Distillation"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDistillation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a distillation.
                 * @example dst_9c41d7be02aa4f6e
                 */
                distillation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One job: soft labels, training, evaluation, packaging. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Distillation"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTrials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a distillation.
                 * @example dst_9c41d7be02aa4f6e
                 */
                distillation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrialList"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamDistillationEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Id of the last event that was received: the stream goes on after it. */
                "last-event-id"?: string;
            };
            path: {
                /**
                 * @description Id of a distillation.
                 * @example dst_9c41d7be02aa4f6e
                 */
                distillation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events: `id:` is what `Last-Event-ID` takes, `event:` is the type (`failure` for `error`, which browsers use for themselves), `data:` a DistillationEvent. Comments keep the connection alive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["DistillationEvent"];
                };
            };
            /** @description It is over and all its events were received: do not connect again. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelDistillation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a distillation.
                 * @example dst_9c41d7be02aa4f6e
                 */
                distillation: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One job: soft labels, training, evaluation, packaging. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Distillation"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listModels: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a model version.
                 * @example mdl_0d9e3f5a7b1c2e4f
                 */
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A packaged student: a Hugging Face folder, with its lineage and measures. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Model"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getModelFile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a model version.
                 * @example mdl_0d9e3f5a7b1c2e4f
                 */
                model: string;
                /**
                 * @description Path of the file within the folder.
                 * @example onnx/model.onnx
                 */
                path: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": Blob;
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    putAlias: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
                /**
                 * @description Name that versions are deployed under; `/infer` answers with `champion` unless told otherwise.
                 * @example champion
                 */
                alias: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model": "mdl_0d9e3f5a7b1c2e4f"
                 *     }
                 */
                "application/json": components["schemas"]["AliasInput"];
            };
        };
        responses: {
            /** @description Which version serves under a name. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alias"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listAliases: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AliasList"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getAliasHistory: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
                /**
                 * @description Name that versions are deployed under; `/infer` answers with `champion` unless told otherwise.
                 * @example champion
                 */
                alias: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AliasChangePage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "support-agent",
                 *       "scopes": [
                 *         "infer"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ApiKeyInput"];
            };
        };
        responses: {
            /** @description Default Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewApiKey"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an API key.
                 * @example key_4a6b8c0d2e4f6a8b
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is revoked. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDatasets: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    uploadDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Name of a task: lower-case letters, digits, `-` and `_`, at most 64.
                 * @example assistant
                 */
                task: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": Blob;
                "application/jsonl": Blob;
                "text/csv": Blob;
                "multipart/form-data": components["schemas"]["DatasetUpload"];
            };
        };
        responses: {
            /** @description One uploaded file of examples. The same bytes give the same id. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description One uploaded file of examples. The same bytes give the same id. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDataset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a dataset.
                 * @example ds_1f0c8a5c6f0e4b7d9a3e2c41
                 */
                dataset: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One uploaded file of examples. The same bytes give the same id. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Dataset"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTeachers: {
        parameters: {
            query?: {
                /** @description Most items to answer. */
                limit?: number;
                /** @description `nextCursor` of the page before; absent for the first page. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeacherPage"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    registerTeacher: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "minilm",
                 *       "task": "assistant",
                 *       "path": "/models/minilm-l6",
                 *       "head": {
                 *         "dataset": "ds_1f0c8a5c6f0e4b7d9a3e2c41"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["TeacherInput"];
                "multipart/form-data": components["schemas"]["TeacherUpload"];
            };
        };
        responses: {
            /** @description A model that answers with soft labels. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Teacher"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTeacher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a teacher.
                 * @example tch_5b8e1d0a7c3f4e2b
                 */
                teacher: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A model that answers with soft labels. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Teacher"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamTeacherEvents: {
        parameters: {
            query?: never;
            header?: {
                /** @description Id of the last event that was received: the stream goes on after it. */
                "last-event-id"?: string;
            };
            path: {
                /**
                 * @description Id of a teacher.
                 * @example tch_5b8e1d0a7c3f4e2b
                 */
                teacher: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Server-sent events: `id:` is what `Last-Event-ID` takes, `event:` is the type (`failure` for `error`, which browsers use for themselves), `data:` a DistillationEvent. Comments keep the connection alive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["DistillationEvent"];
                };
            };
            /** @description It is over and all its events were received: do not connect again. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelTeacher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a teacher.
                 * @example tch_5b8e1d0a7c3f4e2b
                 */
                teacher: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A model that answers with soft labels. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Teacher"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    predictWithTeacher: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a teacher.
                 * @example tch_5b8e1d0a7c3f4e2b
                 */
                teacher: string;
            };
            cookie?: never;
        };
        /** @description Either `input` or `inputs`. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "input": "wake me up at seven"
                 *     }
                 */
                "application/json": components["schemas"]["PredictRequest"];
            };
        };
        responses: {
            /** @description The answer to `input` or to `inputs`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TeacherAnswer"] | components["schemas"]["TeacherBatchAnswer"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    infer: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description Either `input` or `inputs`. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "task": "assistant",
                 *       "input": "wake me up at seven",
                 *       "topK": 3
                 *     }
                 */
                "application/json": components["schemas"]["InferRequest"];
            };
        };
        responses: {
            /** @description The answer to `input` or to `inputs`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InferAnswer"] | components["schemas"]["InferBatchAnswer"];
                };
            };
            /** @description A failure. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
