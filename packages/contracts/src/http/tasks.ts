import { type Static, Type } from 'typebox';
import { TaskName } from '../task-name.js';
import { Label, LIMITS, Page, Timestamp } from './common.js';

const Labels = Type.Array(Label, {
  uniqueItems: true,
  maxItems: LIMITS.labels,
  description: 'Ordered label names. Empty until given or taken from the first labelled dataset; fixed from then on.',
  examples: [['set_alarm', 'play_music', 'out_of_scope']],
});

const Kind = Type.Literal('classification', { description: 'Only text classification for now.' });
const Description = Type.String({ maxLength: 2000, description: 'For people.', examples: ["The assistant's intents"] });

export const TaskParams = Type.Object({ task: TaskName }, { additionalProperties: false });

export const TaskInput = Type.Object(
  { kind: Type.Optional(Kind), description: Type.Optional(Description), labels: Type.Optional(Labels) },
  {
    title: 'TaskInput',
    additionalProperties: false,
    description: 'What is left out keeps its value, or gets the default in a new task.',
    examples: [{ kind: 'classification', description: "The assistant's intents" }],
  },
);
export type TaskInput = Static<typeof TaskInput>;

export const Task = Type.Object(
  {
    name: TaskName,
    kind: Kind,
    description: Description,
    labels: Labels,
    createdAt: Timestamp,
    updatedAt: Timestamp,
  },
  { title: 'Task', description: 'What an agent needs answered, and the labels it may be answered with.' },
);
export type TaskBody = Static<typeof Task>;

export const TaskPage = Page('TaskPage', Task);
