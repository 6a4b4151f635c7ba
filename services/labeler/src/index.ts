export { createLabeler } from './create-labeler.js';
