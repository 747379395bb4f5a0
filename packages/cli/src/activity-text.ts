import type { AgentActivity } from '@seamark/core'
import { harmless } from './style.ts'
import { counted } from './words.ts'

const number = (n: number): string => n.toLocaleString('en')

/** What an agent did, by what its program said: `2 turns, 7 tool calls: Bash 4, Edit 3; 1 denied; 5,210 tokens in, 300 out by its own count`. */
export function activityText({ turns, calls, tools, denied, nudges, nudgedFor, usage }: AgentActivity): string {
  const named = tools.reduce((all, one) => all + one.calls, 0)
  const byTool = tools.map((one) => `${harmless(one.tool)} ${number(one.calls)}`)
  if (named < calls) byTool.push(`others ${number(calls - named)}`)
  const all = (of: 'inputTokens' | 'outputTokens') => usage.reduce((sum, one) => sum + one[of], 0)
  return [
    `${counted(turns, 'turn')}, ${counted(calls, 'tool call')}${byTool.length === 0 ? '' : `: ${byTool.join(', ')}`}`,
    ...(denied > 0 ? [`${number(denied)} denied`] : []),
    ...(nudges > 0
      ? [
          `told ${nudges === 1 ? 'once' : `${number(nudges)} times`} that it repeats ${nudgedFor.map(harmless).join(', ')}`,
        ]
      : []),
    ...(usage.length > 0
      ? [`${number(all('inputTokens'))} tokens in, ${number(all('outputTokens'))} out by its own count`]
      : []),
  ].join('; ')
}
