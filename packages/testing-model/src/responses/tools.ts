import { isObject, listOf } from '../json.ts'
import type { OfferedTool } from '../request-view.ts'
import type { ResponsesBody, ResponsesTool } from './request.ts'

export const isTool = (value: unknown): value is ResponsesTool => isObject(value) && typeof value['type'] === 'string'

function offered(tools: readonly ResponsesTool[], namespace?: string): readonly OfferedTool[] {
  return tools.flatMap((tool) => {
    if (tool.type === 'namespace') return offered((tool.tools ?? []).filter(isTool), tool.name ?? undefined)
    // Tools of the provider's own types are called by their type.
    const name = tool.name ?? tool.type
    return [{ name, custom: tool.type === 'custom', ...(namespace !== undefined && { namespace }) }]
  })
}

/** The definitions of tools, in `tools` and in the input. */
export function toolDefinitions({ tools, input }: ResponsesBody): readonly ResponsesTool[] {
  const more = input.filter(({ type }) => type === 'additional_tools').flatMap((item) => listOf(item['tools']))
  return [...(tools ?? []), ...more.filter(isTool)]
}

/** The tools that a request offers, those of a namespace each by itself. */
export function offeredTools(body: ResponsesBody): readonly OfferedTool[] {
  return offered(toolDefinitions(body))
}
