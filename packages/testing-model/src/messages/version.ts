import { badRequest } from '../fault.ts'
import type { Fault } from '../fault.ts'
import { isObject, listOf } from '../json.ts'
import type { Block, MessagesBody } from './request.ts'

const cites = (block: unknown): boolean => isObject(block) && listOf(block['citations']).length > 0

/** Texts with citations in a block, or in what it holds. */
const hasCitations = (block: Block): boolean =>
  (block.type === 'text' && cites(block)) || (block.type === 'search_result' && listOf(block['content']).some(cites))

/**
 * What version 2026-10-21 of the API refuses and the one before takes:
 * https://platform.claude.com/docs/en/api/migration-2026-10-21.
 */
export function versionFaults(body: MessagesBody): readonly Fault[] {
  const removed = ['temperature', 'top_p', 'top_k']
    .filter((name) => Object.hasOwn(body, name))
    .map((name) => badRequest('unknown-member', `${name}: Extra inputs are not permitted`, [name]))
  const blocks = body.messages.flatMap(({ role, content }, index) =>
    content.flatMap((block, at) => {
      const path = ['messages', index, 'content', at]
      const place = path.join('.')
      if (role === 'assistant' && block.type === 'document')
        return [badRequest('content', `${place}: \`document\` blocks are not permitted in assistant messages`, path)]
      return role === 'user' && hasCitations(block)
        ? [badRequest('content', `${place}: \`citations\` are not permitted in user messages`, path)]
        : []
    }),
  )
  return [...removed, ...blocks]
}
