export { createTrainer } from './create-trainer.js';
