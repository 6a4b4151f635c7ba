import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { VERSION } from '@retort/contracts';
import { Problem } from '@retort/contracts/http';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { hoistSchemas } from './hoist-schemas.js';
import { PROBLEM_MEDIA_TYPE } from './problem-handler.js';

const DESCRIPTION = `Distil the big model behind an AI agent into a small one you own, and serve it.

Register a **teacher**, upload a **dataset**, submit a **distillation**, point the alias \`champion\` at the **model** it made,
and ask \`POST /infer\`. Every failure is answered with problem details (RFC 9457) whose \`code\` is stable.`;

const TAGS = [
  { name: 'Inference', description: 'Ask the deployed students.' },
  { name: 'Tasks', description: 'What is to be answered, and with which labels.' },
  { name: 'Datasets', description: 'Examples to learn from and to measure on.' },
  { name: 'Teachers', description: 'The big models that are distilled.' },
  { name: 'Distillations', description: 'Jobs: soft labels, training, evaluation, packaging.' },
  { name: 'Models', description: 'Finished students with lineage and measures.' },
  { name: 'Aliases', description: 'Which version serves, and which served when.' },
  { name: 'Keys', description: 'API keys and their scopes.' },
  { name: 'System', description: 'Health and metrics.' },
];

const DOCS_PREFIX = '/docs';

/** Registers the OpenAPI 3.1 document at `/openapi.json` and Swagger UI at `/docs`. Routes come after it. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Retort',
        version: VERSION,
        description: DESCRIPTION,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'rt_…', description: 'An API key of the platform.' },
        },
      },
    },
    transform: ({ schema, url, route }) => ({ schema: document(schema, route), url }),
    transformObject: (input) => {
      if (!('openapiObject' in input)) throw new Error('Only OpenAPI 3 documents are made.');
      hoistSchemas(input.openapiObject);
      renameWildcards(input.openapiObject);
      relaxDefaults(input.openapiObject);
      return input.openapiObject;
    },
  });
  // Swagger UI adds its own routes, which have no scope: they are as public as the document that they show.
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(DOCS_PREFIX)) route.config = { ...route.config, scope: 'public' };
  });
  await app.register(swaggerUi, {
    routePrefix: DOCS_PREFIX,
    uiConfig: { deepLinking: true, docExpansion: 'list', tryItOutEnabled: true, persistAuthorization: true },
    theme: { title: 'Retort API' },
    // Without `upgrade-insecure-requests`: the page must work on plain HTTP on localhost.
    staticCSP: {
      'default-src': "'self'",
      'img-src': ["'self'", 'data:'],
      'style-src': ["'self'", "'unsafe-inline'"],
      'object-src': "'none'",
      'frame-ancestors': "'none'",
      'base-uri': "'self'",
    },
  });
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(app.swagger())),
  );
}

/** What every operation has in common: its security by scope, and problems as its failures. */
function document(schema: FastifySchema | undefined, { config }: RouteOptions): FastifySchema {
  const scope = config?.scope ?? 'admin';
  return {
    ...schema,
    security: scope === 'public' ? [] : [{ apiKey: [scope] }],
    response: {
      ...(schema?.response as object | undefined),
      default: { description: 'A failure.', content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } } },
    },
  };
}

/** Fastify calls what `/*` matched `*`, which is no name in OpenAPI. */
function renameWildcards(document: { paths?: object }): void {
  const paths = Object.entries(document.paths ?? {}).map(([url, item]) => {
    if (!url.includes('{*}')) return [url, item];
    const text = JSON.stringify(item).replaceAll('"name":"*"', '"name":"path"');
    return [url.replace('{*}', '{path}'), JSON.parse(text)];
  });
  document.paths = Object.fromEntries(paths);
}

/** A parameter with a default is there for the handler, but the caller may leave it out. */
function relaxDefaults(document: { paths?: object }): void {
  for (const item of Object.values(document.paths ?? {})) {
    for (const { parameters = [] } of Object.values(item) as { parameters?: Parameter[] }[]) {
      for (const parameter of parameters) if (parameter.schema?.default !== undefined) parameter.required = false;
    }
  }
}

interface Parameter {
  required?: boolean;
  schema?: { default?: unknown };
}
