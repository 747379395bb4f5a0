import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { workspacesSuite } from '@seamark/conformance/workspaces'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { place } from '../../../apps/server/test/seamark.ts'
import { subject } from '../src/workspaces/subject.ts'

registerSuite(workspacesSuite, subject, { describe, it })
registerSaboteurs(workspacesSuite, subject, { describe, it })
registerSuite(underTraits(workspacesSuite, subject, ['aborted-before']), subject, { describe, it })

describe('a catalogue', () => {
  it.each([undefined, 'other', '__proto__', '/etc', 'https://git.example/billing.git'])(
    'has no repository %s',
    async (git) => {
      const { seam, dispose } = await subject()
      const resolved = seam.resolve({ ...(git !== undefined && { git }), from: '/' })
      await expect(resolved).rejects.toMatchObject({
        code: 'NOT_FOUND',
        problems: [{ place: { pointer: '/git' }, remedy: 'Name one of: billing.' }],
      })
      await dispose?.()
    },
  )

  it('is what plans name repositories of, and what a run that is done again is resolved by', async () => {
    const at = place()
    at.repository('code', { 'a.txt': 'one\n' })
    const source = JSON.stringify(join(import.meta.dirname, '../src/workspaces/catalogue-workspaces.ts'))
    const options = JSON.stringify({ repositories: { billing: join(at.dir, 'code') }, dir: join(at.dir, 'mirrors') })
    at.write(
      'seamark.config.mjs',
      `export default { workspaces: (await import(${source})).catalogueWorkspaces(${options}) }\n`,
    )
    const plan = (git: string) =>
      at.write(
        'plan.yaml',
        `version: 1\nworkspace: { git: ${git} }\nitems: [{ id: a, run: cat a.txt > b.txt, executor: process }]\n`,
      )
    const config = ['--config', 'seamark.config.mjs']
    plan('billing')
    expect(await at.seamark('run', 'plan.yaml', '--id', 'one', ...config)).toMatchObject({ code: 0 })
    expect(await at.seamark('rerun', 'one', '--id', 'two', ...config)).toMatchObject({ code: 0 })
    expect((await at.seamark('patch', 'two', 'a', ...config)).out).toContain('+one')
    plan('./code')
    const refused = await at.seamark('run', 'plan.yaml', ...config)
    expect(refused.code).toBe(4)
    expect(refused.err).toContain('Name one of: billing.')
    at.remove()
  })
})
