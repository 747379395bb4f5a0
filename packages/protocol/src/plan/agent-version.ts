import type { AgentPart, AgentPin, ItemSpec, JsonObject, PlanItem } from '@seamark/core'
import { matcher } from '@seamark/output-schema'
import { isInstruction, INSTRUCTIONS, MCP_FILE } from '../agent/files.ts'
import { agentReference, namesVersion } from '../agent/reference.ts'
import type { PlanAgent, PlanDeployment } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { steps } from './place.ts'
import { quoted } from './quoted.ts'

/** The versions of agents that the items of a plan name. */
export interface AgentVersions {
  /** That of an item; `undefined` where it names none, and where that is a fault. */
  of(agent: string | undefined, path: Path): PlanAgent | undefined
  /** Whether that version declares an output; of one that is not known it may be. */
  declares(agent: string | undefined, output: string): boolean
  /** What the item says with what the version says. What the version says, the item can not say otherwise. */
  apply(item: PlanItem, agent: PlanAgent, path: Path): PlanItem
  /** Whether the runtime gives all of the version to its program. */
  requireRuntime(runtime: string, agent: PlanAgent, path: Path): void
  /** Versions of which nothing is known, so that they are to be looked up. */
  unknown(): readonly string[]
}

export function agentVersions(deployment: PlanDeployment, faults: Faults): AgentVersions {
  const { versions = {}, agentRuntimes = {} } = deployment
  const named = new Set<string>()
  const unknown = new Set<string>()
  const matchers = new Map<JsonObject, ReturnType<typeof matcher>>()

  function of(text: string | undefined, path: Path): PlanAgent | undefined {
    if (text === undefined || !namesVersion(text)) return undefined
    const refuse = (code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED', message: string, remedy: string) =>
      faults.add({ code, message, remedy, path: [...path, 'agent'] })
    if (agentReference(text) === undefined) {
      refuse('INVALID_INPUT', `${quoted(text)} is no version of an agent.`, 'Write NAME@VERSION or sha256:DIGEST.')
      return undefined
    }
    if (!named.has(text) && named.size >= PLAN_LIMITS.agents) {
      const most = PLAN_LIMITS.agents
      refuse('LIMIT_EXCEEDED', `A plan names at most ${most} versions of agents.`, 'Split it into several plans.')
      return undefined
    }
    named.add(text)
    const found = Object.hasOwn(versions, text) ? versions[text] : undefined
    if (found) return found
    if (found === undefined) unknown.add(text)
    refuse('INVALID_INPUT', `There is no agent ${quoted(text)}.`, 'Push it first: see `seamark agent list`.')
    return undefined
  }

  function checkInput(input: JsonObject | undefined, { definition }: PlanAgent, path: Path): void {
    const { name, version, input: schema } = definition
    const at = [...path, 'input']
    const refuse = (message: string, remedy: string, place: Path = at) =>
      faults.add({ code: 'INVALID_INPUT', message, remedy, path: place })
    if (input === undefined) {
      if (schema !== undefined) refuse(`Agent ${name}@${version} needs input.`, 'Add input, as the agent says.', path)
      return
    }
    if (schema === undefined) {
      refuse(`Agent ${name}@${version} takes no input.`, 'Take it out, or push a version that says what it takes.')
      return
    }
    const bytes = Buffer.from(JSON.stringify(input))
    if (bytes.byteLength > PLAN_LIMITS.promptBytes) {
      const message = `The input has more than ${PLAN_LIMITS.promptBytes} bytes.`
      faults.add({ code: 'LIMIT_EXCEEDED', message, remedy: 'Leave the rest in files of the workspace.', path: at })
      return
    }
    const matches = matchers.get(schema) ?? matcher(schema)
    matchers.set(schema, matches)
    const result = matches(bytes)
    if ('over' in result) refuse('The input holds more than can be checked.', 'Make it smaller.')
    else if (!result.matches && result.why === 'schema')
      refuse(
        `The input does not hold to ${quoted(result.keyword)} of the agent.`,
        `See seamark agent show ${name}@${version}.`,
        [...at, ...steps(result.place)],
      )
    else if (!result.matches) refuse('The input can not be checked.', 'Make it simpler.')
  }

  return {
    of,
    declares(text, output) {
      if (text === undefined || !namesVersion(text)) return false
      const found = Object.hasOwn(versions, text) ? versions[text] : undefined
      return !found || found.outputs.some(({ path }) => path === output)
    },
    apply(item, agent, path) {
      const { name, version, runtime, model, effort } = agent.definition
      for (const [field, said] of Object.entries({ runtime, model, effort })) {
        const own: unknown = Reflect.get(item, field)
        if (said !== undefined && own !== undefined && own !== said)
          faults.add({
            code: 'FORBIDDEN',
            message: `Agent ${name}@${version} says ${field}: ${quoted(said)}.`,
            remedy: 'Leave it out, or push a version that says otherwise.',
            path: [...path, field],
          })
      }
      checkInput(item.input, agent, path)
      return {
        ...item,
        ...(runtime !== undefined && { runtime }),
        ...(model !== undefined && { model }),
        ...(effort !== undefined && { effort }),
      }
    },
    requireRuntime(runtime, { definition, files }, path) {
      const given = Object.hasOwn(agentRuntimes, runtime) ? (agentRuntimes[runtime] ?? []) : []
      const parts: readonly (readonly [AgentPart, boolean])[] = [
        ['instructions', files.some((file) => INSTRUCTIONS.includes(file.path))],
        ['skills', files.some((file) => file.path.startsWith('skills/'))],
        ['mcpServers', files.some((file) => file.path === MCP_FILE)],
      ]
      for (const [part, has] of parts)
        if (has && !given.includes(part))
          faults.add({
            code: 'UNSUPPORTED',
            message: `The runtime ${quoted(runtime)} can not give its program ${WORDS[part]} of agent ${definition.name}@${definition.version}.`,
            remedy: 'Name another runtime or agent.',
            path: [...path, 'agent'],
          })
    },
    unknown: () => [...unknown],
  }
}

const WORDS: Readonly<Record<AgentPart, string>> = {
  instructions: 'the instructions',
  skills: 'the skills',
  mcpServers: 'the MCP servers',
}

/** What an item keeps of the version that it is pinned to. */
export function pinned({ definition, manifest, files }: PlanAgent): Required<Pick<ItemSpec, 'agent' | 'agentVersion'>> {
  const instructions = files.flatMap(({ path, sha256 }) => (isInstruction(path) ? [{ path, sha256 }] : []))
  const agentVersion: AgentPin = { version: definition.version, manifest, instructions }
  return { agent: definition.name, agentVersion }
}
