/** Version of Retort, written into every model's lineage. A test holds it to package.json. */
export const VERSION = '0.1.0';
