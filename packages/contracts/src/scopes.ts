/** What an API key may do; each scope includes those after it. */
export const SCOPES = ['admin', 'submit', 'infer'] as const;
export type Scope = (typeof SCOPES)[number];
