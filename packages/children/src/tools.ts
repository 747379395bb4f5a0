import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { toSeamError } from '@seamark/kit'
import { z } from 'zod'
import { CHILDREN_LIMITS } from './limits.ts'
import type { Family } from './family.ts'

const id = z.string().max(63)
// Parsed out of JSON already; what an item may be its reader says, apart from the loop.
const item = z.record(z.string(), z.unknown())

const INSTRUCTIONS = `Adds items to the run that you are an item of: each is done by an agent or a command in a sandbox of its own, on the \
workspace that you began with. They may use no more than you may, and what they spend is taken from your budget.`

const ABOUT = {
  submit: `Adds items as your children: all of them, or none. An item has an id, and prompt (what an agent is to do) or run (a command \
line, with the runtime command), and what an item of a plan may have besides: needs on others of the same list, outputs, gates, retries, timeout, env, budget. Sent \
again, the same list changes nothing.`,
  list: 'Tells how your children stand: status, reason, and the digests of what each that succeeded made.',
  wait: `Waits until children are over, or wait for a person, and tells how they stand. With done false time was up before: ask again.`,
  read: 'Reads the beginning of what a child that succeeded made: its patch, its stdout, its stderr, or an output that it declared.',
}

/** What an agent may ask for. Results are JSON; what is refused is JSON too, with `code`, `message` and every problem. */
export function childrenServer(family: Family, version: string): McpServer {
  const server = new McpServer({ name: 'seamark', version }, { instructions: INSTRUCTIONS })
  server.registerTool(
    'submit_items',
    { description: ABOUT.submit, inputSchema: { items: z.array(item).min(1).max(CHILDREN_LIMITS.itemsPerCall) } },
    ({ items }, { signal }) => answer(() => family.submit(items, signal)),
  )
  server.registerTool('list_items', { description: ABOUT.list }, () =>
    answer(async () => ({ items: await family.list() })),
  )
  server.registerTool(
    'wait_for_items',
    {
      description: ABOUT.wait,
      inputSchema: {
        ids: z.array(id).min(1).max(CHILDREN_LIMITS.itemsPerCall).optional().describe('Absent: all of them.'),
        timeoutSeconds: z.number().min(0).max(CHILDREN_LIMITS.waitSeconds).default(45),
      },
    },
    ({ ids, timeoutSeconds }, { signal }) => answer(() => family.wait(ids, timeoutSeconds * 1_000, signal)),
  )
  server.registerTool(
    'read_item',
    {
      description: ABOUT.read,
      inputSchema: {
        id,
        what: z.enum(['patch', 'stdout', 'stderr', 'output']),
        path: z.string().optional().describe('Of the output.'),
      },
    },
    ({ id: of, what, path }, { signal }) => answer(() => family.read(of, what, path, signal)),
  )
  return server
}

async function answer(work: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const result = await work()
    return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result }
  } catch (error) {
    const { code, message, problems } = toSeamError(error)
    const refused = { code, message, problems }
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(refused) }], structuredContent: refused }
  }
}
