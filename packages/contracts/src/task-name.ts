import { Type } from 'typebox';

export const TaskName = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
  description: 'Name of a task: lower-case letters, digits, `-` and `_`, at most 64.',
  examples: ['assistant'],
});
