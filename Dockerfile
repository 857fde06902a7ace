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

# tini: crond as pid 1 would ignore SIGTERM (docker stop would wait 10 s and then kill it), and would not
# reap the processes of killed jobs.
# tzdata: crond uses the clock of libc. Without tzdata, TZ would change the names of backups, but not the
# schedule. flock, which chbackup needs for locks, is in busybox already.
# npm, corepack and yarn come with the base image and are not needed.
# Versions are not pinned, because Alpine removes old versions, and the build would then fail.
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

# crond ignores a crontab that does not belong to root, without a message; logrotate refuses a
# configuration that others may write.
COPY --chmod=0600 cronfile /etc/crontabs/root
COPY --chmod=0644 logrotate /etc/logrotate.d/chbackup

# The log files and the state files: the last backup, an interrupted run, the names used so far.
VOLUME ["/var/log/clickhouse-backup"]

# crond starts its jobs in root's home. With the same directory here, `docker exec` finds the same .env.
WORKDIR /root

# Healthy: crond runs, and the log directory can be written. The age of the last backup does not count,
# because a restart would kill the run that makes the next backup. For the age, see docs/monitoring.md.
# pgrep, because a pid file would remain after crond has ended. A file with content, because `test -w` always
# succeeds for root, and on a full disk only writing content fails.
# hadolint ignore=DL3025
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \
    CMD pgrep -x crond > /dev/null \
        && file="${CHBACKUP_LOG_DIR:-/var/log/clickhouse-backup}/.healthcheck" \
        && echo ok > "$file" && rm "$file" || exit 1

ENTRYPOINT ["/sbin/tini", "--"]

# -f: foreground. -l 8: log only one line for each job that starts. The line shows the command, so do not
# put a password into the crontab.
# -L /dev/stderr: the lines of crond go to the log of the container instead of syslog. Jobs inherit the
# streams and the environment of crond, so the output of chbackup is in `docker logs`, with stdout and stderr
# kept separate (-L /dev/stdout would turn the stderr of jobs into stdout), and chbackup gets CHBACKUP_*.
# A redirection to /proc/1/fd/1 is not needed. crond sends no mail unless the crontab sets MAILTO. It logs no
# exit status, but the last line of chbackup shows the outcome.
CMD ["crond", "-f", "-l", "8", "-L", "/dev/stderr"]
