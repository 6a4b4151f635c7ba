import { type Closable, MicroBatcher } from '@retort/runtime';
import type { Classification, TextClassifier } from '@retort/text';

/** Texts that go through the graph at once: past this, more of them take proportionally longer. */
const MAX_BATCH = 32;

/** Texts that may wait for a student: beyond, answers would come too late to be of use. */
const MAX_WAITING = 4096;

interface Question {
  text: string;
  topK: number;
}

/** An open model version. Questions that come at the same time, from whomever, go through the graph together. */
export class Student implements Closable {
  readonly #classifier: TextClassifier;
  readonly #batcher: MicroBatcher<Question, Classification>;

  /** @param onBatch hears the size of every batch */
  constructor(classifier: TextClassifier, onBatch: (size: number) => void) {
    this.#classifier = classifier;
    this.#batcher = new MicroBatcher({
      maxBatch: MAX_BATCH,
      maxQueue: MAX_WAITING,
      run: async (questions: Question[]) => {
        onBatch(questions.length);
        const topK = Math.max(...questions.map((question) => question.topK));
        const answers = await classifier.classify(
          questions.map(({ text }) => text),
          { topK },
        );
        return answers.map((answer, i) => ({ ...answer, scores: answer.scores.slice(0, questions[i].topK) }));
      },
    });
  }

  /** @throws RetortError `RT_UNAVAILABLE` when too many texts wait already */
  classify(texts: readonly string[], topK: number, signal?: AbortSignal): Promise<Classification[]> {
    return Promise.all(texts.map((text) => this.#batcher.submit({ text, topK }, signal)));
  }

  /** Answers what was asked, then closes the model. */
  async close(): Promise<void> {
    await this.#batcher.close();
    await this.#classifier.close();
  }
}
