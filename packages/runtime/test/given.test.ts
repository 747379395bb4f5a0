import type { AgentParts } from '@seamark/core'
import { expect, it } from 'vitest'
import { givenParts } from '../src/index.ts'

const text = (words: string) => new TextEncoder().encode(words)
const agent: AgentParts = {
  instructions: 'Write.',
  skills: [
    { path: 'style/SKILL.md', bytes: text('Short.') },
    { path: 'style/words.txt', bytes: text('a') },
  ],
  mcpServers: { docs: { command: 'docs-mcp' } },
}

it('says what the deployment says, then what the agent says', () => {
  const shared = { instructions: 'Be kind.', skills: { git: 'Commit.' }, mcpServers: { own: { command: 'own-mcp' } } }
  expect(givenParts(shared, 'skills', { agent })).toEqual({
    instructions: 'Be kind.\n\nWrite.',
    skills: ['git', 'style'],
    files: [
      { path: 'skills/git/SKILL.md', bytes: text('Commit.'), mode: 0o644 },
      { path: 'skills/style/SKILL.md', bytes: text('Short.'), mode: 0o644 },
      { path: 'skills/style/words.txt', bytes: text('a'), mode: 0o644 },
    ],
    mcpServers: { own: { command: 'own-mcp' }, docs: { command: 'docs-mcp' } },
  })
  expect(givenParts({}, 'skills', {})).toEqual({ skills: [], files: [], mcpServers: {} })
})

it('takes a skill of the options up to 64 KiB', () => {
  const most = '漢'.repeat(21_845)
  expect(givenParts({ skills: { long: `${most}x` } }, 'skills', {}).files[0]?.bytes).toHaveLength(65_536)
  const problems = [expect.objectContaining({ code: 'LIMIT_EXCEEDED', place: { pointer: '/skills/long' } })]
  expect(() => givenParts({ skills: { long: `${most}xx` } }, 'skills', {})).toThrow(
    expect.objectContaining({ problems }),
  )
})

it('takes no name twice: nothing is replaced in silence', () => {
  for (const shared of [{ skills: { style: 'x' } }, { mcpServers: { docs: { command: 'x' } } }])
    expect(() => givenParts(shared, 'skills', { agent })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  // Nor one of ours.
  const mcpServers = { docs: { command: 'ours', args: [], tools: [] } }
  const refused = expect.objectContaining({ code: 'INVALID_INPUT' })
  expect(() => givenParts({}, 'skills', { agent, mcpServers })).toThrow(refused)
  expect(() => givenParts({ mcpServers: { docs: {} } }, 'skills', { mcpServers })).toThrow(refused)
})
