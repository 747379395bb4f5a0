import { readFileSync, statSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { socketAddress } from '@seamark/cli'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

/** Without the white space around elements. */
const flat = (page: string): string => page.replaceAll(/>\s+/g, '>').replaceAll(/\s+</g, '<')

const script = '</script><script>alert(1)</script>'

it('shows a run that is over, with its patch, its log and its evidence, and nothing as markup', async () => {
  here.repository('repo', { 'a.ts': 'const a = 1\n' })
  here.write(
    'plan.json',
    JSON.stringify({
      version: 1,
      name: script,
      workspace: { git: 'repo' },
      defaults: { executor: 'process' },
      items: [
        { id: 'edit', run: `echo 'const b = 2' >> a.ts; echo '${script}'`, gates: [{ run: 'true' }] },
        { id: 'fail', run: 'echo wrong >&2; exit 3' },
        { id: 'after', needs: { f: { from: 'fail', select: 'patch' } }, run: 'true' },
      ],
    }),
  )
  expect((await here.seamark('run', 'plan.json', '--id', 'r')).code).toBe(11)
  const made = await here.seamark('report', 'r', '-o', 'r.html', '--json')
  const path = join(here.dir, 'r.html')
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(made.out)).toEqual({ run: 'r', path, bytes: statSync(path).size })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const page = flat(readFileSync(path, 'utf8'))
  expect(page.match(/<script>/g)).toHaveLength(1)
  expect(page).not.toContain('alert(1)</script>')
  expect(page).toContain(flat('<span class="hljs-keyword">const</span> b = <span class="hljs-number">2</span></ins>'))
  for (const [index, status] of ['succeeded', 'failed', 'skipped'].entries())
    expect(new RegExp(`id="i${index}">\\s*<summary>\\s*<span class="badge s-${status}">`).test(page)).toBe(true)
  expect(page).toMatch(/badge s-succeeded">verified</)
  expect(page).toMatch(/<pre class="log">wrong/)

  const again = await here.seamark('report', 'r', '-o', '-')
  const still = (whole: string): string => whole.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, 'then')
  expect(still(flat(again.out))).toBe(still(page))
})

it('shows a run that goes on, says that nothing was verified, and is served with a policy for browsers', async () => {
  here.write(
    'long.json',
    JSON.stringify({ version: 1, workspace: { git: 'repo' }, defaults: { executor: 'process' }, items: [{ id: 'long', run: 'sleep 60' }] }), // prettier-ignore
  )
  const service = here.start('serve', '--json')
  await service.saw('"ready"')
  expect((await here.seamark('submit', 'long.json', '--id', 'long')).code).toBe(0)
  const address = socketAddress(JSON.parse(readFileSync(join(here.data, 'service.json'), 'utf8')).socket)
  const asked = request({ socketPath: address.path, path: '/v1/runs/long/report' }).end()
  const [answer] = await once(asked, 'response')
  const [status, headers, body] = [answer.statusCode, answer.headers, await text(answer)]
  address.release()
  expect(status).toBe(200)
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(/^default-src 'none'/),
    'x-content-type-options': 'nosniff',
  })
  expect(flat(body)).toMatch(/badge s-parked">not verified</)
  expect(flat(body)).toMatch(/id="i0"><summary><span class="badge s-(?:running|waiting)">/)
  service.child.kill('SIGTERM')
  await service.ended
})

it('of a run that there is not is refused, and writes nothing', async () => {
  const { code, out } = await here.seamark('report', 'nobody', '-o', 'nobody.html')
  expect({ code, out }).toEqual({ code: 4, out: '' })
  expect(statSync(join(here.dir, 'nobody.html'), { throwIfNoEntry: false })).toBeUndefined()
})
