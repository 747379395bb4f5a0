/** Every limit of the schema of an output, and of a document that is held to one. */
export interface OutputSchemaLimits {
  /** Bytes of a schema as JSON. */
  readonly schemaBytes: number
  /** Schemas in one schema, itself among them. */
  readonly subschemas: number
  /** Schemas inside each other. */
  readonly schemaDepth: number
  /** Characters of one regular expression. */
  readonly patternLength: number
  /** Different schemas in one plan. */
  readonly schemasPerPlan: number
  /** Bytes of a document that is held to a schema. */
  readonly documentBytes: number
  /** Values in it, each list and object among them; an empty one counts twice. */
  readonly documentValues: number
  /** Lists and objects in it inside each other. */
  readonly documentDepth: number
  /** Bytes of one name in it. */
  readonly documentName: number
  /** Milliseconds that holding the documents of one attempt to their schemas may take. */
  readonly matchMs: number
  /** MiB of memory that one of them may take. */
  readonly matchHeapMiB: number
  /** Documents that a worker holds to their schemas, or reads by their kind, at a time. */
  readonly matchesAtOnce: number
}

export const OUTPUT_SCHEMA_LIMITS: OutputSchemaLimits = {
  schemaBytes: 64 * 1024,
  subschemas: 2_000,
  schemaDepth: 32,
  patternLength: 500,
  schemasPerPlan: 200,
  documentBytes: 8 * 2 ** 20,
  // As the worst of objects they take less than 200 MiB: the heap has room for them.
  documentValues: 500_000,
  documentDepth: 500,
  documentName: 4_096,
  matchMs: 30_000,
  matchHeapMiB: 512,
  matchesAtOnce: 2,
}
