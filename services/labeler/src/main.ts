import { serveHealth } from '@retort/http';
import { runService } from '@retort/platform';
import { createLabeler } from './create-labeler.js';

await runService('labeler', async (context) => serveHealth(context, await createLabeler(context)), {
  background: true,
});
