import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const HEADER = '// Made from openapi.json by `npm run generate`: do not edit.\n\n';

/** TypeScript types of an OpenAPI document, for `openapi-fetch`. */
export async function documentTypes(document: object): Promise<string> {
  const nodes = await openapiTS(document as Parameters<typeof openapiTS>[0] & object, {
    // What has a default may be left out of a request; answers say by `required` that it is there.
    defaultNonNullable: false,
    transform: ({ format }) =>
      format === 'binary' ? ts.factory.createTypeReferenceNode(ts.factory.createIdentifier('Blob')) : undefined,
  });
  return `${HEADER}${astToString(nodes)}`;
}
