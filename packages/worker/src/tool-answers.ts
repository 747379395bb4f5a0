import type { AgentEvent, AttemptPort } from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { SeamError } from '@seamark/kit'
import { toldName } from './conversation.ts'

/**
 * Makes a tool that was denied or allowed a record of the attempt. What names it comes from a program, so it is made to fit, and
 * a known secret in it is not told. Errors: those of `AttemptPort.note`; `UNAVAILABLE` where there is no port.
 */
export async function noteAnswer(
  port: AttemptPort | undefined,
  { type, tool, reason }: AgentEvent & { readonly type: 'denial' | 'allowance' },
  index: number,
  secrets: RedactionTable | undefined,
): Promise<void> {
  if (port === undefined)
    throw new SeamError('UNAVAILABLE', 'A tool was denied or allowed, and there is nowhere to record that.', {
      remedy: 'Give the worker the port of the attempt.',
    })
  const kind = type === 'denial' ? 'tool.denied' : 'tool.allowed'
  await port.note([{ kind, data: { tool: toldName(tool, secrets), reason: toldName(reason, secrets), index } }])
}
