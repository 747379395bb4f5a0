// Counts files and lines of each package: a page for people and a report for programs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { files } from './files.mjs'

const rows = readdirSync('packages')
  .sort()
  .map((name) => {
    const sources = files(join('packages', name), /\.(?:ts|mjs|js)$/)
    const lines = sources.reduce((sum, path) => sum + readFileSync(path, 'utf8').split('\n').length - 1, 0)
    return { name, files: sources.length, lines }
  })
const page = ['# Inventory', '', '| package | files | lines |', '|---|---:|---:|']
for (const { name, files: count, lines } of rows) page.push(`| ${name} | ${count} | ${lines} |`)
mkdirSync('docs', { recursive: true })
mkdirSync('reports', { recursive: true })
writeFileSync('docs/inventory.md', `${page.join('\n')}\n`)
writeFileSync('reports/inventory.json', `${JSON.stringify({ packages: rows }, undefined, 2)}\n`)
console.log(`${rows.length} packages, ${rows.reduce((sum, { lines }) => sum + lines, 0)} lines`)
