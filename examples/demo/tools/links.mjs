// Lists every relative link of the documentation and whether it leads anywhere.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { files } from './files.mjs'

const lines = ['# Links', '']
for (const page of files('.', /\.md$/)) {
  const text = readFileSync(page, 'utf8').replace(/^(`{3,})[\s\S]*?^\1/gm, '')
  for (const [, target] of text.matchAll(/\]\(([^()\s#]+)[^()]*\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const good = existsSync(join(dirname(page), target))
    lines.push(`- ${good ? 'ok' : 'BROKEN'} ${page}: ${target}`)
  }
}
mkdirSync('reports', { recursive: true })
writeFileSync('reports/links.md', `${lines.join('\n')}\n`)
console.log(`${lines.length - 2} links`)
