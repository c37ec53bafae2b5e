global using OrleansStream.Kafka.Wire;
global using RequestContext = OrleansStream.Kafka.Apis.RequestContext;
