import { parsePlan } from '../src/index.ts'
import type { CheckedPlan, PlanDeployment, PlanFormat, PlanResult } from '../src/index.ts'

export const deployment: PlanDeployment = {
  queues: ['default', 'slow'],
  agents: ['reader', 'writer'],
  executors: [
    { name: 'sandbox' },
    { name: 'process' },
    { name: 'away', unavailable: { message: 'It is not installed.', remedy: 'Install it.' } },
  ],
  runtimes: ['command'],
}

export function parse(text: string | Uint8Array, format?: PlanFormat): PlanResult {
  return parsePlan(text, { deployment, ...(format !== undefined && { format }) })
}

export function accepted(text: string, format?: PlanFormat): CheckedPlan {
  const result = parse(text, format)
  if (!result.ok) throw new Error(JSON.stringify(result.problems, undefined, 1))
  return result.plan
}

/** `CODE pointer line:column` of every problem. */
export function places(text: string | Uint8Array, format?: PlanFormat): string[] {
  const result = parse(text, format)
  if (result.ok) return []
  return result.problems.map(({ code, place }) => `${code} ${place?.pointer} ${place?.line}:${place?.column}`)
}

/** A plan with these items, as YAML. */
export function items(yaml: string): string {
  return `version: 1\nitems:\n${yaml}\n`
}
