import type { AgentDefinition, Problem } from '@seamark/core'
import { z } from 'zod'
import { faultList } from '../plan/fault.ts'
import { toProblems } from '../plan/place.ts'
import { decode, SourceStop } from '../plan/source.ts'
import { readYaml } from '../plan/yaml-source.ts'
import { AGENT_LIMITS } from './limits.ts'
import { checkAgentDefinition } from './parse-agent.ts'

/** What a subagent of Claude Code comes to. */
export interface ClaudeAgent {
  readonly definition: AgentDefinition
  /** Text of its `AGENTS.md`; empty where it has none. */
  readonly instructions: string
  /** Fields that say something and are not taken over. */
  readonly left: readonly string[]
}

export type ClaudeAgentResult =
  { readonly ok: true; readonly agent: ClaudeAgent } | { readonly ok: false; readonly problems: readonly Problem[] }

const FRONT = /^---[ \t]*\r?\n([\s\S]*?\r?\n|)---[ \t]*(?:\r?\n|$)/

const front = z.looseObject({
  name: z.string(),
  description: z.exactOptional(z.string()),
  model: z.exactOptional(z.string()),
  effort: z.exactOptional(z.string()),
})
const TAKEN = ['name', 'description', 'model', 'effort']

/**
 * Reads a file of `.claude/agents`: front matter, then instructions. It becomes version 1 of an agent for the runtime `claude-code`.
 * Never throws for what it holds. Codes: `INVALID_INPUT`, `LIMIT_EXCEEDED`.
 */
export function importClaudeAgent(bytes: Uint8Array): ClaudeAgentResult {
  const faults = faultList()
  const refuse = (code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED', message: string, remedy: string): ClaudeAgentResult => ({
    ok: false,
    problems: [{ code, message, remedy }],
  })
  if (bytes.byteLength > AGENT_LIMITS.definitionBytes)
    return refuse('LIMIT_EXCEEDED', `It has more than ${AGENT_LIMITS.definitionBytes} bytes.`, 'Make it shorter.')
  let text = ''
  try {
    text = decode(bytes).replace(/^\uFEFF/, '')
    const [all = '', head = ''] = FRONT.exec(text) ?? []
    if (all === '') return refuse('INVALID_INPUT', 'It has no front matter.', 'Begin it with --- and a name.')
    const reading = readYaml(head, faults)
    if (!reading.ok || faults.list.length > 0) return { ok: false, problems: toProblems(faults, head, undefined) }
    const parsed = front.safeParse(reading.document.value)
    if (!parsed.success)
      return refuse('INVALID_INPUT', 'Its front matter has no name, or no text where one belongs.', 'Give it a name.')
    const { name, description, model, effort } = parsed.data
    const definition = {
      name,
      version: 1,
      runtime: 'claude-code',
      ...(description !== undefined && { description }),
      ...(model !== undefined && model !== 'inherit' && { model }),
      ...(effort !== undefined && { effort }),
    }
    const checked = checkAgentDefinition(definition)
    if (!checked.ok) return { ok: false, problems: checked.problems }
    const instructions = text.slice(all.length).trim()
    if (Buffer.byteLength(instructions) >= AGENT_LIMITS.textBytes)
      return refuse('LIMIT_EXCEEDED', `Its text has more than ${AGENT_LIMITS.textBytes} bytes.`, 'Make skills of it.')
    const left = Object.keys(parsed.data).filter((field) => !TAKEN.includes(field))
    return {
      ok: true,
      agent: { definition, instructions: instructions === '' ? '' : `${instructions}\n`, left: left.sort() },
    }
  } catch (error) {
    if (!(error instanceof SourceStop)) throw error
    faults.add(error.fault)
    return { ok: false, problems: toProblems(faults, text, undefined) }
  }
}
