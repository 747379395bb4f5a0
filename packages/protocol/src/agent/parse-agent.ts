import type { AgentDefinition, OutputSpec, Policy, Problem } from '@seamark/core'
import { schemaCheck } from '@seamark/output-schema'
import { explain } from '../plan/explain.ts'
import { faultList } from '../plan/fault.ts'
import type { Faults } from '../plan/fault.ts'
import { outputMaker } from '../plan/outputs.ts'
import { notListed, pointer, toProblems } from '../plan/place.ts'
import { checkWrittenPolicy } from '../plan/policy.ts'
import { checkWord } from '../plan/prompt.ts'
import { decode, SourceStop } from '../plan/source.ts'
import { readYaml } from '../plan/yaml-source.ts'
import { AGENT_LIMITS } from './limits.ts'
import { agentFields, agentSchema } from './schema.ts'

/** A definition with nothing wrong in it, and what it says in the units of the engine. */
export interface CheckedAgent {
  readonly definition: AgentDefinition
  readonly policy: Policy
  readonly outputs: readonly OutputSpec[]
}

export type AgentResult =
  { readonly ok: true; readonly agent: CheckedAgent } | { readonly ok: false; readonly problems: readonly Problem[] }

function check(value: unknown, faults: Faults): CheckedAgent | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = 'An agent is a map with a name and a version.'
    faults.add({ code: 'INVALID_INPUT', message, remedy: 'Write name and version.', path: [] })
    return undefined
  }
  const parsed = agentSchema.safeParse(value)
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      for (const fault of explain(issue, value, [], agentFields)) faults.add(fault)
    return undefined
  }
  const definition = parsed.data
  checkWord(definition.model, ['model'], faults)
  checkWord(definition.effort, ['effort'], faults)
  if (definition.input !== undefined)
    for (const { path, ...problem } of schemaCheck().problemsOf(definition.input))
      faults.add({ ...problem, path: ['input', ...path] })
  const outputs = outputMaker(faults).make(definition.outputs, ['outputs'])
  const policy = checkWrittenPolicy(definition.policy ?? {}, ['policy'], faults)
  return faults.list.length === 0 ? { definition, policy, outputs } : undefined
}

function tooLong(bytes: number): Problem {
  const message = `agent.yaml has ${bytes} bytes; at most ${AGENT_LIMITS.definitionBytes} are allowed.`
  return { code: 'LIMIT_EXCEEDED', message, remedy: 'Make its schemas smaller.', place: { pointer: '' } }
}

/**
 * Reads the text of `agent.yaml`. Never throws for what it holds: every problem is in the result at once, with code, pointer, line,
 * column and remedy. Codes: `INVALID_INPUT`, `LIMIT_EXCEEDED`.
 */
export function parseAgent(bytes: Uint8Array): AgentResult {
  if (bytes.byteLength > AGENT_LIMITS.definitionBytes) return { ok: false, problems: [tooLong(bytes.byteLength)] }
  const faults = faultList()
  let text = ''
  try {
    text = decode(bytes).replace(/^\uFEFF/, '')
    const reading = readYaml(text, faults)
    if (!reading.ok) return { ok: false, problems: toProblems(faults, text, undefined) }
    const agent = check(reading.document.value, faults)
    if (agent !== undefined && faults.list.length === 0) return { ok: true, agent }
    return { ok: false, problems: toProblems(faults, text, reading.document) }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    faults.add(error.fault)
    return { ok: false, problems: toProblems(faults, text, undefined) }
  }
}

/** As `parseAgent`, of a definition that comes as JSON. Problems have pointers. */
export function checkAgentDefinition(value: unknown): AgentResult {
  const bytes = Buffer.byteLength(JSON.stringify(value) ?? '')
  if (bytes > AGENT_LIMITS.definitionBytes) return { ok: false, problems: [tooLong(bytes)] }
  const faults = faultList()
  const agent = check(value, faults)
  if (agent !== undefined && faults.list.length === 0) return { ok: true, agent }
  const problems = faults.list.map(({ code, message, remedy, path }): Problem => ({
    code,
    message,
    place: { pointer: pointer(path) },
    ...(remedy !== undefined && { remedy }),
  }))
  return { ok: false, problems: [...problems, ...notListed(faults)] }
}
