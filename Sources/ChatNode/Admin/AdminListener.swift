import ChatCore
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Accepts operators' connections, apart from the clients', on a thread of its own: it must answer
/// when a loop is stuck, because the metrics are needed most then.
///
/// On: the task that starts and ends the node; never a loop.
final class AdminListener: Sendable {
    let place: AdminPlace
    private let service: AdminService
    private let socket: AdminSocket?
    private let channels: [any Channel]
    private let group: MultiThreadedEventLoopGroup

    private init(
        place: AdminPlace,
        service: AdminService,
        socket: AdminSocket?,
        channels: [any Channel],
        group: MultiThreadedEventLoopGroup
    ) {
        self.place = place
        self.service = service
        self.socket = socket
        self.channels = channels
        self.group = group
    }

    /// Listens at `place`; returns nil if that is nil.
    ///
    /// Fails: with `AdminTrouble`.
    static func bind(_ place: AdminPlace?, _ service: AdminService) async throws -> AdminListener? {
        guard let place else { return nil }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            return try await bind(place, service, group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func bind(
        _ place: AdminPlace,
        _ service: AdminService,
        _ group: MultiThreadedEventLoopGroup
    ) async throws -> AdminListener {
        let bootstrap = bootstrap(group, service)
        switch place {
        case .unix(let path, let folder):
            let (socket, descriptor) = try AdminSocket.bind(at: path, in: folder)
            do {
                let channel = try await bootstrap.withBoundSocket(descriptor).get()
                return AdminListener(
                    place: place,
                    service: service,
                    socket: socket,
                    channels: [channel],
                    group: group
                )
            } catch {
                socket.remove()
                throw error
            }
        case .tcp(let host, let port):
            let channels = try await bindTCP(bootstrap, host, port)
            let bound = AdminPlace.tcp(host, channels.first?.localAddress?.port ?? port)
            return AdminListener(
                place: bound,
                service: service,
                socket: nil,
                channels: channels,
                group: group
            )
        }
    }

    private static func bindTCP(
        _ bootstrap: ServerBootstrap,
        _ host: String,
        _ port: Int
    ) async throws -> [any Channel] {
        do {
            let places = try await ListeningPlaces.of(host: host, port: port)
            return try await places.listen { try await bootstrap.bind(to: $0).get() }
        } catch let error as IOError {
            let place = authority(host, port)
            throw error.errnoCode == EADDRINUSE
                ? AdminTrouble.taken(place) : AdminTrouble.system(place, error.errnoCode)
        } catch {
            // The host is not known.
            throw AdminTrouble.system(authority(host, port), EADDRNOTAVAIL)
        }
    }

    private static func bootstrap(
        _ group: MultiThreadedEventLoopGroup,
        _ service: AdminService
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = HTTPRequestDecoder.limited(leftOverBytesStrategy: .dropBytes)
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(decoder), AdminHandler(service),
                    ])
                }
            }
    }

    /// Stops listening, answers the removals that were begun, ends all other requests, and removes the socket.
    /// The loops of clients still run.
    func stop() async {
        socket?.remove()
        for channel in channels { try? await channel.close() }
        await service.stop()
        try? await group.shutdownGracefully()
    }
}
