namespace OrleansStream.Server.Placement;

/// <summary>
/// The placement function: which silo owns which partition of a topic. It is rendezvous hashing with bounded loads, built up
/// silo by silo in the order of their age: each takes its share from those before it, and of what they hold, that which by
/// weight it should have rather than they.
/// </summary>
/// <remarks>
/// What follows: of P partitions a silo has P/N, rounded down or up, whatever N is. The youngest silo's coming moves partitions
/// to it and nowhere else, as few as can be; so does undoing it. When another silo goes, its partitions are spread over all,
/// and a few more change places to keep the numbers even: no function of the set of silos alone can spare both.
/// </remarks>
internal static class TopicPlacement
{
    /// <summary>Finds the owners.</summary>
    /// <param name="topicId">The topic.</param>
    /// <param name="partitionCount">How many partitions it has.</param>
    /// <param name="silos">Who may own, oldest first; at least one.</param>
    /// <param name="pins">Partition to index in <paramref name="silos"/>, for those decided by hand. They count like any other.</param>
    /// <returns>For each partition the index of its owner in <paramref name="silos"/>.</returns>
    public static short[] Assign(Guid topicId, int partitionCount, IReadOnlyList<SiloAddress> silos, IReadOnlyDictionary<int, short>? pins = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(silos.Count);
        var assignment = new Assignment(topicId, partitionCount, silos);
        for (short joining = 1; joining < silos.Count; joining++)
        {
            assignment.Join(joining);
        }

        if (pins is { Count: > 0 })
        {
            assignment.Pin(pins);
        }

        return assignment.Owners;
    }

    /// <summary>Silos by age. Those that started in the same second, which is as far as it is told, go by their addresses.</summary>
    public static SiloAddress[] ByAge(IEnumerable<SiloAddress> silos) =>
        [.. silos.OrderBy(silo => silo.Generation).ThenBy(silo => PlacementWeight.OfSilo(silo))];

    private sealed class Assignment
    {
        private readonly ulong _topic;
        private readonly ulong[] _silos;
        private readonly int[] _loads;
        private readonly long[] _ownerWeights;
        private readonly long[] _losses;
        private readonly int[] _order;

        public Assignment(Guid topicId, int partitionCount, IReadOnlyList<SiloAddress> silos)
        {
            _topic = PlacementWeight.OfTopic(topicId);
            _silos = [.. silos.Select(PlacementWeight.OfSilo)];
            _loads = new int[silos.Count];
            _loads[0] = partitionCount;
            Owners = new short[partitionCount];
            _ownerWeights = new long[partitionCount];
            _losses = new long[partitionCount];
            _order = new int[partitionCount];
            for (var partition = 0; partition < partitionCount; partition++)
            {
                _ownerWeights[partition] = PlacementWeight.Of(_topic, partition, _silos[0]);
            }
        }

        public short[] Owners { get; }

        /// <summary>Gives a silo its share, rounded down or up, so that those before it keep theirs, rounded down or up.</summary>
        public void Join(short silo)
        {
            var (share, rest) = Math.DivRem(Owners.Length, silo + 1);
            var wanted = share + (HasOneMore(silo, rest) ? 1 : 0);

            // So many of the silos before it keep one more than the share; the others give until they have just that.
            var keepOneMore = rest - (wanted - share);
            var mayGoDownToShare = silo - keepOneMore - _loads.AsSpan(0, silo).Count(share);
            SortByGain(silo);
            foreach (var partition in _order)
            {
                if (_loads[silo] == wanted)
                {
                    return;
                }

                var load = _loads[Owners[partition]];
                if (load > share + 1 || (load == share + 1 && mayGoDownToShare > 0))
                {
                    mayGoDownToShare -= load == share + 1 ? 1 : 0;
                    Give(partition, silo);
                }
            }
        }

        /// <summary>Puts the pinned partitions where they shall be; who has too many then gives others of its own to who has the fewest.</summary>
        public void Pin(IReadOnlyDictionary<int, short> pins)
        {
            foreach (var (partition, silo) in pins)
            {
                if (partition < Owners.Length)
                {
                    Give(partition, silo);
                }
            }

            var most = (Owners.Length + _silos.Length - 1) / _silos.Length;
            for (short silo = 0; silo < _silos.Length; silo++)
            {
                while (_loads[silo] > most && FindGift(silo, pins, out var partition, out var receiver))
                {
                    Give(partition, receiver);
                }
            }
        }

        /// <summary>
        /// What does not divide evenly goes, one each, to the silos that want the topic most; or else the partition of every small
        /// topic would stay with the oldest.
        /// </summary>
        private bool HasOneMore(short silo, int rest)
        {
            var before = 0;
            var its = PlacementWeight.Of(_topic, -1, _silos[silo]);
            foreach (var older in _silos.AsSpan(0, silo))
            {
                before += PlacementWeight.Of(_topic, -1, older) > its ? 1 : 0;
            }

            return before < rest;
        }

        private bool FindGift(short giver, IReadOnlyDictionary<int, short> pins, out int partition, out short receiver)
        {
            receiver = (short)_loads.AsSpan().IndexOf(_loads.Min());
            partition = -1;
            var gain = long.MinValue;
            for (var candidate = 0; candidate < Owners.Length; candidate++)
            {
                if (Owners[candidate] == giver && !pins.ContainsKey(candidate)
                    && PlacementWeight.Of(_topic, candidate, _silos[receiver]) - _ownerWeights[candidate] is var its && its > gain)
                {
                    (partition, gain) = (candidate, its);
                }
            }

            return partition >= 0;
        }

        /// <summary>Orders the partitions by what the silo's weight has over their owner's, the largest first.</summary>
        private void SortByGain(short silo)
        {
            for (var partition = 0; partition < Owners.Length; partition++)
            {
                _order[partition] = partition;
                _losses[partition] = _ownerWeights[partition] - PlacementWeight.Of(_topic, partition, _silos[silo]);
            }

            Array.Sort(_losses, _order);
        }

        private void Give(int partition, short silo)
        {
            _loads[Owners[partition]]--;
            _loads[silo]++;
            Owners[partition] = silo;
            _ownerWeights[partition] = PlacementWeight.Of(_topic, partition, _silos[silo]);
        }
    }
}
