import { defineConfig } from '@seamark/config'
import { catalogueWorkspaces } from './workspaces/catalogue-workspaces.ts'

export default defineConfig({
  workspaces: catalogueWorkspaces({
    repositories: { billing: 'https://git.example/acme/billing.git', website: 'git@git.example:acme/website.git' },
    dir: '/var/lib/seamark/catalogue',
  }),
})
