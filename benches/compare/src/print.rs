//! The tables on the terminal.

use crate::contention::Contention;
use crate::report::Group;
use crate::requests::{Cost, Duel};

pub fn contention(rows: &[Contention]) {
    println!("One breaker or budget, ns per operation over all threads: median [quartiles]\n");
    println!("| operation | | 1 thread | 2 threads | 4 threads |\n|---|---|---:|---:|---:|");
    for row in rows {
        println!(
            "| {} | {} | {:.1} | {:.1} | {:.1} |",
            row.operation, row.contender, row.one, row.two, row.four
        );
    }
    println!();
}

pub fn group(group: &Group) {
    println!("{}\n", group.setting);
    costs(&group.costs);
    duels(&group.duels);
}

fn costs(costs: &[Cost]) {
    let Some(first) = costs.first() else { return };
    println!(
        "µs per request more than bare reqwest: median [quartiles], and where the median is with 95 % confidence\n"
    );
    println!(
        "| | wall | 95 % | processor | 95 % | throughput, % | 95 % | allocations | bytes |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|"
    );
    for cost in costs {
        let difference = &cost.difference;
        println!(
            "| {} | {:.2} | {} | {:.2} | {} | {:.1} | {} | {:+.1} | {:+.0} |",
            cost.contender,
            difference.wall_more,
            difference.wall_more.sure(2),
            difference.processor_more,
            difference.processor_more.sure(2),
            difference.throughput_more,
            difference.throughput_more.sure(1),
            cost.allocations_more,
            cost.bytes_more,
        );
    }
    println!(
        "\nbare reqwest: {:.1} µs wall, {:.1} µs processor, {:.1} allocations of {:.0} bytes; {} blocks, some {} pairs each\n",
        first.difference.other_wall.median,
        first.difference.other_processor.median,
        first.allocations - first.allocations_more,
        first.bytes - first.bytes_more,
        first.difference.blocks,
        first.difference.pairs,
    );
}

fn duels(duels: &[Duel]) {
    let Some(first) = duels.first() else { return };
    println!("µs per request that one takes more than the other (less, where negative)\n");
    println!(
        "| | beside | wall | 95 % | processor | 95 % | throughput, % | 95 % |\n\
         |---|---|---:|---:|---:|---:|---:|---:|"
    );
    for duel in duels {
        let difference = &duel.difference;
        println!(
            "| {} | {} | {:.2} | {} | {:.2} | {} | {:.1} | {} |",
            duel.contender,
            duel.peer,
            difference.wall_more,
            difference.wall_more.sure(2),
            difference.processor_more,
            difference.processor_more.sure(2),
            difference.throughput_more,
            difference.throughput_more.sure(1),
        );
    }
    println!(
        "\n{} blocks, some {} pairs each\n",
        first.difference.blocks, first.difference.pairs
    );
}
