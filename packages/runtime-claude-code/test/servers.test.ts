import type { JsonObject } from '@seamark/core'
import { jsonLines as lines } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { claude, hear } from './said.ts'

describe('an MCP server that is still starting', () => {
  const server = (status: string, more: JsonObject = {}): JsonObject => ({ name: 'files', status, ...more })
  const begun = [
    claude.ready(),
    claude.init({ mcp_servers: [server('pending'), { name: 'docs', status: 'connected' }] }),
  ]
  const heard = async (...said: readonly JsonObject[]) => {
    const { events, wrote } = await hear(lines(...begun, ...said))
    const asked = wrote.filter((one) => JSON.stringify(one).includes('mcp_status')).length
    return { end: events.at(-1), asked, wrote }
  }

  it('and started is nothing more to ask for', async () => {
    const { end, asked } = await heard(
      claude.servers(server('pending')),
      claude.says('a'),
      claude.servers(server('connected')),
      claude.says('b'),
      claude.result(),
    )
    expect([end, asked]).toEqual([{ type: 'turn-end', completed: true, reason: 'completed' }, 2])
  })

  it('and failed ends the turn, and is named with why', async () => {
    const { end, wrote } = await heard(claude.says('a'), claude.servers(server('failed', { error: 'timed out' })))
    expect(end).toMatchObject({ reason: 'mcp-server', detail: 'These did not start: files (timed out).' })
    expect(wrote.slice(-2)).toMatchObject([{ request: { subtype: 'interrupt' } }, 'end'])
  })

  it.each([
    ['is at its end', claude.servers(server('pending')), 'files (pending)'],
    ['is not known of', claude.servers(), 'files (unknown)'],
  ])('and %s is named there, once the program has said so', async (_, said, named) => {
    const before = await heard(claude.servers(server('pending')), claude.result())
    expect([before.end, before.asked]).toMatchObject([{ reason: 'no-answer' }, 2])
    const after = await heard(claude.servers(server('pending')), claude.result(), said)
    expect(after.end).toMatchObject({
      completed: false,
      reason: 'mcp-server',
      detail: `These did not start: ${named}.`,
    })
    expect(after.wrote.at(-1)).toBe('end')
  })

  it('hides no other end', async () => {
    const { end } = await heard(claude.result({ is_error: true, subtype: 'error_max_turns' }))
    expect(end).toMatchObject({ completed: false, reason: 'max-turns' })
  })
})
