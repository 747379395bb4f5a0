import { permitted, used } from '@seamark/runtime'
import type { Step } from '@seamark/runtime'
import { ERROR_CODES, permissionResult } from './acp-port.ts'
import type { AcpAbout, AcpConversation } from './conversation.ts'
import { readPermission } from './message.ts'
import type { RequestId } from './message.ts'
import { toolCall } from './tools.ts'

type Option = { readonly optionId: string; readonly kind: string }

/** Answers a request for a permission with one of the options that it has. */
export function answered(
  before: AcpConversation,
  id: RequestId,
  params: unknown,
  whole: boolean,
  about: AcpAbout,
): Step<AcpConversation> {
  const asked = readPermission(params)
  if (asked === undefined) {
    const error = { code: ERROR_CODES.methodNotFound, message: 'This is no request for a permission.' }
    return { conversation: before, effects: [{ send: { jsonrpc: '2.0', id, error } }] }
  }
  const { options } = asked
  const offered = optionFor(true, options) !== undefined
  const reply = (allowed: boolean) => {
    // A turn that is being canceled has no answers but this.
    const option = before.nudging ? undefined : optionFor(allowed, options)
    return { jsonrpc: '2.0', id, result: permissionResult(option?.optionId) }
  }
  const call = toolCall(asked.toolCall)
  const request = { id: String(id), call, whole, offered, reply }
  const step = permitted(before, request, about)
  if (step.conversation.denials === before.denials) return step
  // Of a call that is denied Codex says nothing but this. One that was told is not told again.
  const told = used(before, { ...call, status: undefined }, whole, about)
  if (told.conversation.outcome !== undefined) return told
  const denied = permitted(told.conversation, request, about)
  return { ...denied, effects: [...told.effects, ...denied.effects] }
}

function optionFor(allowed: boolean, options: readonly Option[]): Option | undefined {
  const of = (kind: string) => options.find((option) => option.kind === kind)
  return allowed ? of('allow_once') : (of('reject_once') ?? of('reject_always'))
}
