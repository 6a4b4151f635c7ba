import { answerParent } from '@retort/runtime';
import { type InspectOptions, inspectFolder } from './inspect-folder.js';

/** Entry of the child process behind `inspectModelFolder`. */
answerParent(({ dir, options }: { dir: string; options: InspectOptions }) => inspectFolder(dir, options));
