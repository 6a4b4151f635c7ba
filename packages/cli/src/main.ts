// Commands load what they need when they run: `--help` should not wait for the runtime and the database client.
import { VERSION } from '@retort/contracts';
import { Command } from 'commander';
import { distillCommand } from './commands/distill.js';
import { distillTasksCommand } from './commands/distill-tasks.js';
import { keysCommand } from './commands/keys.js';
import { migrateCommand } from './commands/migrate.js';
import { predictCommand } from './commands/predict.js';
import { teacherCommand } from './commands/teacher.js';
import { upCommand } from './commands/up.js';
import { fail } from './terminal/fail.js';

const program = new Command('retort')
  .description('Distil the big model behind an AI agent into a small one you own, and serve it.')
  .version(VERSION)
  .showHelpAfterError('(add --help for the options)')
  .addCommand(upCommand())
  .addCommand(distillCommand())
  .addCommand(distillTasksCommand())
  .addCommand(predictCommand())
  .addCommand(teacherCommand())
  .addCommand(keysCommand())
  .addCommand(migrateCommand())
  .addHelpText(
    'after',
    `
Examples:
  $ retort up                                          start everything on this machine
  $ retort distill data.jsonl --teacher model/         make a student in the folder student
  $ retort predict student "wake me at seven"
`,
  );

await program.parseAsync().catch(fail);
