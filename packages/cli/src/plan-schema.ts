import { planJsonSchema } from '@seamark/protocol'

/** Name of the file beside a plan that an editor reads. */
export const SCHEMA_FILE = 'seamark.schema.json'

/** The published JSON Schema of plans, as a file. */
export function planSchemaText(): string {
  return `${JSON.stringify(planJsonSchema(), null, 2)}\n`
}
