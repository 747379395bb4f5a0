import type { AgentDefinition } from '@seamark/core'
import { NAME } from '@seamark/kit'
import { z } from 'zod'
import { POLICY_FIELDS, policySchema } from '../plan/policy-schema.ts'

const maybe = z.exactOptional
const word = z.string().min(1).max(200)
const jsonSchema = z.record(z.string(), z.json())

/** Highest version: it stays short in names, and whole in records. */
const MOST_VERSION = 999_999_999

const output = z.strictObject({ path: z.string().min(1), schema: maybe(jsonSchema) })

const agent = z.strictObject({
  name: z
    .string()
    .regex(NAME, 'is no name: use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit')
    .describe('By which plans name it, and its calls are counted.'),
  version: z.int().min(1).max(MOST_VERSION).describe('A whole number from 1. A version has one content, for ever.'),
  description: maybe(z.string().min(1).max(10_000)),
  runtime: maybe(
    z.string().regex(NAME, 'is no name: use 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit'),
  ),
  model: maybe(word),
  effort: maybe(word),
  input: maybe(jsonSchema.describe('JSON Schema, draft 2020-12, that the input of an item must hold to.')),
  outputs: maybe(z.array(output).describe('Declared outputs of every item that names it.')),
  policy: maybe(policySchema.describe('What it may use, as in a plan. It only narrows what is above it.')),
})

/** The shape of `agent.yaml`. `parseAgent` checks what a shape can not say. */
export const agentSchema: z.ZodType<AgentDefinition> = agent

// The reverse of the annotation above: a field that core has and the schema lacks does not compile.
const guard: Record<Exclude<keyof AgentDefinition, keyof z.infer<typeof agent>>, never> = {}
void guard

/** The fields that a map at this path of `agent.yaml` may have. */
export function agentFields(path: readonly (string | number)[]): readonly string[] {
  const [first] = path
  if (first === undefined) return Object.keys(agent.shape)
  if (first === 'outputs') return Object.keys(output.shape)
  const inside = path.slice(1).map((step) => (typeof step === 'number' ? '#' : step))
  return first === 'policy' ? (POLICY_FIELDS.get(inside.join('.')) ?? []) : []
}
