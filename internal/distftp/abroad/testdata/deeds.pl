use strict;
use warnings;
use Net::FTP;

my ($host, $port, $user, $password, $how, $folder, $name) = @ARGV;
my $ftp = Net::FTP->new($host, Port => $port, Passive => $how eq 'passive' ? 1 : 0) or die $@;
sub check { my $ok = shift; die $ftp->message unless defined $ok && $ok ne ''; $ok }
check $ftp->login($user, $password);
check $ftp->binary;
check $ftp->cwd($folder);
die $ftp->pwd unless $ftp->pwd eq $folder;
check $ftp->append('more', 'old');
check $ftp->rmdir('empty');
check $ftp->mkdir('new dir');
check $ftp->put('content', $name);
check $ftp->site('CHMOD', '600', 'old') == 2;
check $ftp->quot('MFMT', "20010203040506 $name") == 2;
my @want = sort('new dir', 'old', 'past', $name);
my @names = sort $ftp->ls;
die "@names" unless "@names" eq "@want";
my @shown = $ftp->dir;
for my $n (@want) { die "@shown" unless grep { / \Q$n\E$/ } @shown }
# Not before: who follows a reply to PASV, and has asked for a file's size, is sent to the file.
print 'size ', check($ftp->size('old')), "\n";
my @time = gmtime(check $ftp->mdtm('past'));
printf "213 %04d%02d%02d%02d%02d%02d\n", $time[5] + 1900, $time[4] + 1, @time[3, 2, 1, 0];
$ftp->quit;
