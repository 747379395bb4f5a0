import { describe, expect, it } from 'vitest'
import { toldByOptions } from '../src/index.ts'

const skills = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`s${at}`, `${at}`]))

describe('what the options of a runtime tell every agent', () => {
  it('is as much as the record of a launch has room for', () => {
    expect(toldByOptions({ instructions: 'Write.', skills: skills(32) })).toHaveLength(33)
    const mcpServers = { db: { command: 'db' } }
    expect(toldByOptions({ instructions: 'Write.', skills: skills(32), mcpServers })).toHaveLength(34)
    expect(toldByOptions({})).toEqual([])
  })

  it('has one digest of all MCP servers, whatever their order, and of no value that may be a secret', () => {
    const digest = (mcpServers: Readonly<Record<string, object>>) => toldByOptions({ mcpServers })[0]
    const db = { command: 'db', args: ['--stdio'], env: { TOKEN: 'one', HOST: 'h' } }
    const web = { type: 'http', url: 'https://mcp.example/', headers: { authorization: 'one' } }
    const all = digest({ db, web })
    expect(all).toEqual({ path: 'mcpServers', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const turned = { env: { HOST: 'other', TOKEN: 'two' }, args: ['--stdio'], command: 'db' }
    expect(digest({ web: { ...web, headers: { authorization: 'two' } }, db: turned })).toEqual(all)
    const others = [
      { db },
      { db, other: web },
      { db: { ...db, args: ['--stdio', '--all'] }, web },
      { db: { ...db, env: { TOKEN: 'one' } }, web },
      { db, web: { ...web, url: 'https://other.example/' } },
      { db, web: { ...web, headers: { cookie: 'one' } } },
    ]
    for (const servers of others) expect(digest(servers)).not.toEqual(all)
    const secret = { db: { ...db, args: ['abc123'] }, web: { ...web, url: 'https://u:p@mcp.example/?key=abc123#k' } }
    expect(digest(secret)).toEqual(all)
    expect(digest({ web: { url: 'abc123' } })).toEqual(digest({ web: { url: 'other' } }))
    const asList = (value: string) => ({ db: { name: 'db', command: 'db', env: [{ name: 'TOKEN', value }] } })
    expect(digest(asList('one'))).toEqual(digest(asList('two')))
  })

  it('is refused where there is more', () => {
    expect(() => toldByOptions({ skills: skills(33) })).toThrow(
      expect.objectContaining({
        problems: [expect.objectContaining({ code: 'INVALID_INPUT', place: { pointer: '/skills' } })],
      }),
    )
  })
})
