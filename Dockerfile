# Built by ./firn image from daemon/target/dist, which Maven fills: nothing is compiled here.
ARG BASE=eclipse-temurin:25-jre
FROM ${BASE}
COPY daemon/target/dist/lib /opt/firn/lib
USER 10001:10001
WORKDIR /tmp
EXPOSE 9464
# Live, not ready: a first copy or a source that is down is no reason to replace the container.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9464 && printf 'GET /health/live HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", "/opt/firn/lib/*:/opt/firn/ext/*", "dev.firn.daemon.Main"]
CMD ["run", "-c", "/etc/firn/firn.yaml"]
