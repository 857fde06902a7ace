# chbackup's agent: the bundle, Alpine's crond that starts it, logrotate for its log files.
# Build: docker build -t chbackup .    (BuildKit or buildah; no secret is needed to build)

ARG NODE_VERSION=24
ARG CLICKHOUSE_BACKUP_VERSION=2.4.0

# A stage only because COPY --from takes no variables.
FROM altinity/clickhouse-backup:${CLICKHOUSE_BACKUP_VERSION} AS clickhouse-backup

FROM node:${NODE_VERSION}-alpine AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# Git may have lost the mode on a checkout from another system.
RUN npm run build && chmod 0755 bin/chbackup.js

FROM node:${NODE_VERSION}-alpine

LABEL org.opencontainers.image.title="chbackup" \
      org.opencontainers.image.description="Scheduled full and incremental ClickHouse backups through the clickhouse-backup API" \
      org.opencontainers.image.licenses="MIT"

# tini: crond as pid 1 would ignore SIGTERM (docker stop would take its 10 s and then kill), and
# nobody would reap what a killed job leaves behind.
# tzdata: crond's clock is libc's, so without it TZ would move the backups' names but not the
# schedule. flock, which chbackup locks with, is in busybox already.
# npm, corepack and yarn came with the base image and are of no use here.
# Unpinned on purpose: Alpine drops a package's old versions, so a pin stops building.
# hadolint ignore=DL3018
RUN apk add --no-cache logrotate tini tzdata \
    && rm -rf /usr/local/lib/node_modules /opt/yarn-* \
              /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
              /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && mkdir -p /var/log/clickhouse-backup

# For --binary, and to run the API server in this container (`clickhouse-backup server`).
COPY --from=clickhouse-backup /bin/clickhouse-backup /usr/bin/clickhouse-backup

COPY --from=build /build/package.json /opt/chbackup/
COPY --from=build /build/bin /opt/chbackup/bin/
COPY --from=build /build/dist /opt/chbackup/dist/
RUN ln -s /opt/chbackup/bin/chbackup.js /usr/local/bin/chbackup

# crond skips a crontab that does not belong to root, without a word; logrotate refuses a
# configuration that others may write.
COPY --chmod=0600 cronfile /etc/crontabs/root
COPY --chmod=0644 logrotate /etc/logrotate.d/chbackup

# Log files, but also what the next run must know: the last good backup, a broken-off run, names.
VOLUME ["/var/log/clickhouse-backup"]

# cron starts its jobs in root's home; the same here, so that `docker exec` and cron find one .env.
WORKDIR /root

# Healthy: crond runs, and the log directory can be written, or no run can make a backup. Not the age of
# the last backup: a restart brings none back, but it would end the run that makes the next one. For that,
# see docs/monitoring.md.
# pgrep, not a pid file: one would outlive the crond that wrote it. A file with content, not `test -w`:
# root may write everywhere, and on a full disk only the content fails.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
    CMD pgrep -x crond > /dev/null \
        && file="${CHBACKUP_LOG_DIR:-/var/log/clickhouse-backup}/.healthcheck" \
        && echo ok > "$file" && rm "$file" || exit 1

ENTRYPOINT ["/sbin/tini", "--"]

# -f foreground; -l 8 a line for each job started, and nothing more. That line shows the command,
# so no password belongs in the crontab.
# -L /dev/stderr: crond's own lines go to the container's log, not to a syslog nobody reads. Jobs
# inherit crond's streams and environment as they are: what chbackup prints is in `docker logs`
# with stdout and stderr still apart (-L /dev/stdout would turn the jobs' stderr into stdout), and
# CHBACKUP_* reach it. No redirection to /proc/1/fd/1 is needed. crond sends no mail as long as
# the crontab has no MAILTO, and it logs no exit status: chbackup's last line tells the outcome.
CMD ["crond", "-f", "-l", "8", "-L", "/dev/stderr"]
