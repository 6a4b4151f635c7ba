import { serveHealth } from '@retort/http';
import { runService } from '@retort/platform';
import { createTrainer } from './create-trainer.js';

await runService('trainer', async (context) => serveHealth(context, await createTrainer(context)), {
  background: true,
});
